package procpool

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/frame"
)

// sharedFrom is the size from which a body goes through shared memory. It takes half
// the time of the pipe here and at all sizes above; below, the call itself is all.
const sharedFrom = smallFrame + 1

// memory is two files in memory that the pool shares with one worker, for an
// argument and a result, used again by each call. Both sides map them, so that a
// body is copied once on its way, and the argument, which the function reads where it
// lies, never again: this is why a function must not keep it. The files grow to the
// largest body and go with the worker.
//
// In front of the result the worker leaves word which task it has begun. The pool
// reads that when the worker has died, and need not be woken by it before.
type memory struct {
	argument, result region
}

// resultAt is where results begin.
const resultAt = 64

// create makes the files and returns them for the worker; none if that fails.
func (m *memory) create() []*os.File {
	if m.argument.create("asyncio argument") != nil || m.result.create("asyncio result") != nil {
		m.closeFiles()
		*m = memory{}
		return nil
	}
	return []*os.File{m.argument.file, m.result.file}
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
	m.argument.file, m.result.file = os.NewFile(argumentFile, "argument"), os.NewFile(resultFile, "result")
	return m.result.reserve(resultAt)
}

func (m *memory) closeFiles() {
	m.argument.file.Close()
	m.result.file.Close()
}

func (m *memory) unmap() {
	m.argument.unmap()
	m.result.unmap()
}

func (m *memory) putMemory(body []byte) bool { return m.argument.put(0, body) }

// takeMemory returns the argument where it lies.
func (m *memory) takeMemory(n int64) ([]byte, error) { return m.argument.take(0, n) }

// sendMemory puts the body of a result there if that is worth it.
func (m *memory) sendMemory(f *frame.Frame) {
	if m.result.put(resultAt, f.Body) {
		f.Header = strconv.AppendInt(nil, int64(len(f.Body)), 10)
		f.Flags, f.Body = f.Flags|frame.InMemory, nil
	}
}

func (m *memory) getMemory(n int64) ([]byte, error) {
	body, err := m.result.take(resultAt, n)
	if err != nil {
		return nil, err
	}
	return clone(body), nil
}

func (m *memory) note(task uint64) bool {
	if m.result.mapped == nil {
		return false
	}
	binary.LittleEndian.PutUint64(m.result.mapped, task)
	return true
}

// noted returns the number of the task that the worker has begun last. It reads the file, because the
// goroutine that reads answers owns the mapping.
func (m *memory) noted() (task uint64, known bool) {
	var b [8]byte
	if m.result.file == nil {
		return 0, false
	}
	_, err := m.result.file.ReadAt(b[:], 0)
	return binary.LittleEndian.Uint64(b[:]), err == nil
}

// A region is a file in memory, and as much of it as was mapped so far.
type region struct {
	file   *os.File
	mapped []byte
}

// create makes the file, which cannot shrink: a page that is gone would be a fault on
// the other side.
func (r *region) create(name string) error {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	r.file = os.NewFile(uintptr(fd), name)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK)
	return err
}

// put writes the body there, unless it is not worth it or does not fit.
func (r *region) put(at int, body []byte) bool {
	if len(body) < sharedFrom || r.reserve(at+len(body)) != nil {
		return false
	}
	for to := r.mapped[at:]; len(body) > 0; {
		n := copy(to, body[:min(len(body), piece)])
		to, body = to[n:], body[n:]
	}
	return true
}

// piece is how much is copied at once. From a MiB on copy writes past the caches,
// which takes three times as long, and the other side reads from main memory.
const piece = 256 << 10

// clone copies b to memory that was not cleared before, as make does: of large
// bodies that would be a third of the time.
func clone(b []byte) []byte {
	var s strings.Builder
	s.Grow(len(b))
	for rest := b; len(rest) > 0; {
		n := min(len(rest), piece)
		s.Write(rest[:n])
		rest = rest[n:]
	}
	return unsafe.Slice(unsafe.StringData(s.String()), len(b)) // nobody else has the string
}

// take returns n bytes of what the other side has put there.
func (r *region) take(at int, n int64) ([]byte, error) {
	end := int64(at) + n
	if err := r.view(end); err != nil {
		return nil, err
	}
	return r.mapped[at:end:end], nil
}

// grain is what a file grows by.
const grain = 64 << 10

// reserve sees to it that the file has n bytes and that they are mapped. The system
// finds the memory now, and not when it is written to: then its lack would be a fault.
func (r *region) reserve(n int) error {
	if r.file == nil {
		return errNoMemory
	}
	if n <= len(r.mapped) {
		return nil
	}
	size := (int64(n) + grain - 1) / grain * grain
	err := r.withFile("fallocate", func(fd int) error {
		err := error(unix.EINTR)
		for err == unix.EINTR {
			err = unix.Fallocate(fd, 0, 0, size)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.view(int64(n))
}

// withFile calls fn with the file's descriptor, which is not closed meanwhile: an
// argument may be on its way when its worker is buried.
func (r *region) withFile(call string, fn func(fd int) error) error {
	raw, err := r.file.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = os.NewSyscallError(call, fn(int(fd))) }); e != nil {
		return e
	}
	return err
}

// view maps the file, as long as it is now, if what is mapped does not have n bytes.
func (r *region) view(n int64) error {
	if n <= int64(len(r.mapped)) {
		return nil
	}
	if r.file == nil {
		return errNoMemory
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < n {
		return fmt.Errorf("%d bytes in shared memory that has %d", n, info.Size())
	}
	r.unmap()
	return r.withFile("mmap", func(fd int) (err error) {
		r.mapped, err = unix.Mmap(fd, 0, int(info.Size()), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
		return err
	})
}

func (r *region) unmap() {
	if r.mapped != nil {
		unix.Munmap(r.mapped)
		r.mapped = nil
	}
}
