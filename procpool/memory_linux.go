package procpool

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/frame"
)

// sharedFrom is the size from which a body goes through shared memory: below, the
// socket is as fast.
const sharedFrom = 1 << 20

// memory is two files in memory that the pool shares with one worker, for an
// argument and a result, used again by each call. What is written by one side is
// there for the other without passing through a socket; the worker does not even
// copy the argument but maps it, which is why a function must not keep it. The files
// grow to the largest body and go with the worker.
type memory struct {
	argument, result *os.File
	mapped           []byte // the argument, in the worker
}

// create makes the files and returns them for the worker; none if that fails.
func (m *memory) create() []*os.File {
	a, err := unix.MemfdCreate("asyncio argument", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil
	}
	r, err := unix.MemfdCreate("asyncio result", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		unix.Close(a)
		return nil
	}
	m.argument, m.result = os.NewFile(uintptr(a), "argument"), os.NewFile(uintptr(r), "result")
	return []*os.File{m.argument, m.result}
}

// inherit finds the files in the worker. Only files in memory have seals: if the pool
// could make none, something else may have their numbers.
func (m *memory) inherit() error {
	for _, fd := range []int{argumentFile, resultFile} {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil {
			return nil
		}
		unix.CloseOnExec(fd)
	}
	m.argument, m.result = os.NewFile(argumentFile, "argument"), os.NewFile(resultFile, "result")
	return nil
}

func (m *memory) close() {
	if m.argument != nil {
		m.argument.Close()
		m.result.Close()
	}
}

// put writes the body to the file, unless it is not worth it or does not fit.
func put(f *os.File, body []byte) bool {
	if f == nil || len(body) < sharedFrom {
		return false
	}
	_, err := f.WriteAt(body, 0)
	return err == nil
}

func (m *memory) putMemory(body []byte) bool { return put(m.argument, body) }

// takeMemory returns the argument where it lies.
func (m *memory) takeMemory(n int64) ([]byte, error) {
	if n > int64(len(m.mapped)) {
		if m.argument == nil {
			return nil, fmt.Errorf("an argument in memory that is not shared")
		}
		if m.mapped != nil {
			unix.Munmap(m.mapped)
		}
		var err error
		if m.mapped, err = unix.Mmap(int(m.argument.Fd()), 0, int(n), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED); err != nil {
			m.mapped = nil
			return nil, os.NewSyscallError("mmap", err)
		}
	}
	return m.mapped[:n:n], nil
}

// sendMemory puts the body of a result there if that is worth it.
func (m *memory) sendMemory(f *frame.Frame) {
	if !put(m.result, f.Body) {
		return
	}
	f.Header = strconv.AppendInt(nil, int64(len(f.Body)), 10)
	f.Flags, f.Body = f.Flags|frame.InMemory, nil
}

func (m *memory) getMemory(n int64) ([]byte, error) {
	if m.result == nil {
		return nil, fmt.Errorf("a result in memory that is not shared")
	}
	body := make([]byte, n)
	_, err := io.ReadFull(io.NewSectionReader(m.result, 0, n), body)
	return body, err
}
