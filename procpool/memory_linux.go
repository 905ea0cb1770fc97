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

// minShared is the size from which a body passes through shared memory. From this size on it
// takes half the time of the pipe. Below it the time of the call dominates.
const minShared = smallFrame + 1

// A memory is two files in memory that the pool shares with one worker, for an argument and
// a result. Each call uses the same files. Both sides map them. A function reads its argument
// in the mapping, without a copy, and therefore must not keep it. The files grow to the
// largest body, and are freed with the worker.
//
// Before the result the file has the number of the task that the worker has begun. The pool
// reads it when the worker has died, so that a worker need not send a frame when it begins.
type memory struct {
	argument, result region
}

// resultAt is the offset of a result in its file.
const resultAt = 64

// create creates the files and returns them for the worker. It returns none on failure.
func (m *memory) create() []*os.File {
	if m.argument.create("asyncio argument") != nil || m.result.create("asyncio result") != nil {
		m.closeFiles()
		*m = memory{}
		return nil
	}
	return []*os.File{m.argument.file, m.result.file}
}

// inherit opens the files in the worker. It checks for seals, which only files in memory
// have: if create failed, other files may have the descriptors.
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

// takeMemory returns the argument in the mapping, without a copy.
func (m *memory) takeMemory(n int64) ([]byte, error) { return m.argument.take(0, n) }

// sendMemory moves the body of a result from the frame to the memory, if put accepts it.
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

func (m *memory) recordBegun(task uint64) bool {
	if m.result.mapped == nil {
		return false
	}
	binary.LittleEndian.PutUint64(m.result.mapped, task)
	return true
}

// lastBegun returns the number of the task that the worker has begun last. It reads the file,
// because the goroutine that reads answers owns the mapping.
func (m *memory) lastBegun() (task uint64, known bool) {
	var b [8]byte
	if m.result.file == nil {
		return 0, false
	}
	_, err := m.result.file.ReadAt(b[:], 0)
	return binary.LittleEndian.Uint64(b[:]), err == nil
}

// A region is a file in memory and its mapping, which may be shorter than the file.
type region struct {
	file   *os.File
	mapped []byte
}

// create creates the file. A seal prevents that it shrinks, which would cause a fault on the
// other side.
func (r *region) create(name string) error {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	r.file = os.NewFile(uintptr(fd), name)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK)
	return err
}

// put writes the body at the offset. It returns false if the body is smaller than minShared or
// the file cannot grow.
func (r *region) put(at int, body []byte) bool {
	if len(body) < minShared || r.reserve(at+len(body)) != nil {
		return false
	}
	for to := r.mapped[at:]; len(body) > 0; {
		n := copy(to, body[:min(len(body), copySize)])
		to, body = to[n:], body[n:]
	}
	return true
}

// copySize bounds the size of one copy. From 1 MiB on, copy bypasses the caches, which takes
// three times as long.
const copySize = 256 << 10

// clone returns a copy of b. The memory is not cleared before, as make does, which would take a
// third of the time of a large copy.
func clone(b []byte) []byte {
	var s strings.Builder
	s.Grow(len(b))
	for rest := b; len(rest) > 0; {
		n := min(len(rest), copySize)
		s.Write(rest[:n])
		rest = rest[n:]
	}
	return unsafe.Slice(unsafe.StringData(s.String()), len(b)) // no other code has the string
}

// take returns n bytes at the offset, without a copy.
func (r *region) take(at int, n int64) ([]byte, error) {
	end := int64(at) + n
	if err := r.view(end); err != nil {
		return nil, err
	}
	return r.mapped[at:end:end], nil
}

// growth is the unit of the size of a file, in bytes.
const growth = 64 << 10

// reserve allocates and maps n bytes of the file. Fallocate returns an error if there is no
// memory. Without it a later write would cause a fault.
func (r *region) reserve(n int) error {
	if r.file == nil {
		return errNoMemory
	}
	if n <= len(r.mapped) {
		return nil
	}
	size := (int64(n) + growth - 1) / growth * growth
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

// withFile calls fn with the descriptor of the file, which is not closed before fn has
// returned. The outbox may write an argument while the slot reaps the worker.
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

// view maps the whole file if fewer than n bytes are mapped.
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
		return fmt.Errorf("shared memory of %d bytes: must have at least %d", info.Size(), n)
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
