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

// sharedMemory is one memory as both sides see it.
func sharedMemory(t *testing.T) (pool, worker *memory) {
	t.Helper()
	pool, worker = &memory{}, &memory{}
	files := pool.create()
	if len(files) != 2 {
		t.Fatalf("%d files, 2 are expected", len(files))
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

// TestMemory passes bodies that grow and shrink through the memory, and the word
// beside them.
func TestMemory(t *testing.T) {
	pool, worker := sharedMemory(t)
	if n := noted(pool); n != 0 {
		t.Errorf("noted %d before anything was", n)
	}
	for i, n := range []int{sharedFrom, 3 * piece, grain, 5<<20 + 1, sharedFrom} {
		body := bytes.Repeat([]byte{byte(i + 1)}, n)
		if !pool.putMemory(body) {
			t.Fatalf("%d bytes were refused", n)
		}
		arg, err := worker.takeMemory(int64(n))
		if err != nil || !bytes.Equal(arg, body) {
			t.Fatalf("%d bytes for the worker: %d came, %v", n, len(arg), err)
		}
		f := frame.Frame{Body: arg}
		worker.note(uint64(n))
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
	task, _ := m.noted()
	return task
}

// TestMemoryRefuses: neither side can make the other read what is not there.
func TestMemoryRefuses(t *testing.T) {
	pool, worker := sharedMemory(t)
	if pool.putMemory(make([]byte, sharedFrom-1)) {
		t.Error("a small body was taken")
	}
	if b, err := pool.getMemory(1 << 20); err == nil {
		t.Errorf("%d bytes of a result that nobody sent", len(b))
	}
	if err := unix.Ftruncate(int(worker.result.file.Fd()), 0); err != syscall.EPERM {
		t.Errorf("the worker could shrink the file: %v", err)
	}
	if none := (&memory{}); none.putMemory(make([]byte, sharedFrom)) || none.note(1) || noted(none) != 0 {
		t.Error("memory that was never made is used")
	}
}
