//go:build linux

package procpool

import (
	"bytes"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/frame"
)

// sharedMemory returns a memory, as the pool and as the worker see it.
func sharedMemory(t *testing.T) (pool, worker *memory) {
	t.Helper()
	pool, worker = &memory{}, &memory{}
	files := pool.create()
	if len(files) != 2 {
		t.Fatalf("%d files; want 2", len(files))
	}
	for i, r := range []*region{&worker.argument, &worker.result} {
		fd, err := syscall.Dup(int(files[i].Fd()))
		if err != nil {
			t.Fatal(err)
		}
		r.file = os.NewFile(uintptr(fd), "worker's")
	}
	if err := worker.result.reserve(resultAt); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, m := range []*memory{pool, worker} {
			m.closeFiles()
			m.unmap()
		}
	})
	return pool, worker
}

// TestMemory passes bodies that grow and shrink through the memory, and the number of the task.
func TestMemory(t *testing.T) {
	pool, worker := sharedMemory(t)
	if n := noted(pool); n != 0 {
		t.Errorf("noted %d before anything was", n)
	}
	for i, n := range []int{minShared, 3 * copySize, growth, 5<<20 + 1, minShared} {
		body := bytes.Repeat([]byte{byte(i + 1)}, n)
		if !pool.putMemory(body) {
			t.Fatalf("%d bytes were refused", n)
		}
		arg, err := worker.takeMemory(int64(n))
		if err != nil || !bytes.Equal(arg, body) {
			t.Fatalf("%d bytes for the worker: %d came, %v", n, len(arg), err)
		}
		f := frame.Frame{Body: arg}
		worker.recordBegun(uint64(n))
		if worker.sendMemory(&f); f.Flags != frame.InMemory || f.Body != nil {
			t.Fatalf("%d bytes were not sent through the memory", n)
		}
		result, err := pool.getMemory(int64(n))
		if err != nil || !bytes.Equal(result, body) {
			t.Fatalf("%d bytes for the pool: %d came, %v", n, len(result), err)
		}
		if clear(arg); pool.putMemory(make([]byte, n)) && !bytes.Equal(result, body) {
			t.Fatal("the result is not the caller's own")
		}
		if got := noted(pool); got != uint64(n) {
			t.Errorf("noted %d, want %d", got, n)
		}
	}
}

func noted(m *memory) uint64 {
	task, _ := m.lastBegun()
	return task
}

// TestMemory_InvalidSizes: a side returns an error instead of reading past the end of the file.
func TestMemory_InvalidSizes(t *testing.T) {
	pool, worker := sharedMemory(t)
	if pool.putMemory(make([]byte, minShared-1)) {
		t.Error("a small body was taken")
	}
	if b, err := pool.getMemory(1 << 20); err == nil {
		t.Errorf("%d bytes of a result that was not sent", len(b))
	}
	if err := unix.Ftruncate(int(worker.result.file.Fd()), 0); err != syscall.EPERM {
		t.Errorf("the worker could shrink the file: %v", err)
	}
	if none := (&memory{}); none.putMemory(make([]byte, minShared)) || none.recordBegun(1) || noted(none) != 0 {
		t.Error("a memory without files is used")
	}
}
