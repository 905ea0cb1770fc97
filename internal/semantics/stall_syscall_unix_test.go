//go:build unix

package semantics_test

import (
	"bufio"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"syscall"

	"github.com/asyncio-go/asyncio"
)

// System calls that block till they are released, through package syscall and through what stands on it.

// fifo returns the name of a pipe in the file system: who opens it waits until the release opens the other end.
func (b *block) fifo() string {
	name := filepath.Join(b.TempDir(), "fifo")
	b.must(syscall.Mkfifo(name, 0o600))
	b.onRelease(func() {
		if w, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {
			w.Close()
		}
	})
	return name
}

// pipe returns the reading end of a pipe that blocks in read(2) till the release.
func (b *block) pipe() int {
	var p [2]int
	b.must(syscall.Pipe(p[:]))
	syscall.CloseOnExec(p[0])
	syscall.CloseOnExec(p[1])
	b.onRelease(func() { syscall.Close(p[1]) })
	return p[0]
}

// cat returns a command that ends at the release.
func (b *block) cat() *exec.Cmd {
	cmd := exec.Command("cat")
	r, w, err := os.Pipe()
	b.must(err)
	b.onRelease(func() { w.Close() })
	b.Cleanup(func() { r.Close() })
	cmd.Stdin = r
	return cmd
}

// lockedFile returns a file that another descriptor has locked till the release.
func (b *block) lockedFile() *os.File {
	name := filepath.Join(b.TempDir(), "locked")
	other, err := os.Create(name)
	b.must(err)
	b.must(syscall.Flock(int(other.Fd()), syscall.LOCK_EX))
	b.onRelease(func() { other.Close() })
	f, err := os.Open(name)
	b.must(err)
	b.Cleanup(func() { f.Close() })
	return f
}

var systemKinds = []blocker{
	{"read(2)", asyncio.StallSyscall, "syscall.Read", "ToThread", func(b *block) {
		fd := b.pipe()
		defer syscall.Close(fd)
		b.next()
		syscall.Read(fd, make([]byte, 1))
	}},
	{"flock(2)", asyncio.StallSyscall, "syscall.Flock", "ToThread", func(b *block) {
		fd := int(b.lockedFile().Fd())
		b.next()
		syscall.Flock(fd, syscall.LOCK_EX)
	}},
	{"wait4(2)", asyncio.StallSyscall, "syscall.Wait4", "ToThread", func(b *block) {
		cmd := b.cat()
		b.must(cmd.Start())
		b.next()
		syscall.Wait4(cmd.Process.Pid, nil, 0, nil)
		cmd.Process.Release()
	}},
	{"open(2), by package os", asyncio.StallSyscall, "os.Open", "ToThread", func(b *block) {
		name := b.fifo()
		b.next()
		f, _ := os.Open(name)
		f.Close()
	}},
	{"a command", asyncio.StallSyscall, "os/exec.(*Cmd).Run", "aioexec", func(b *block) {
		cmd := b.cat()
		b.next()
		cmd.Run()
	}},
	{"a command's end", asyncio.StallSyscall, "os/exec.(*Cmd).Wait", "aioexec", func(b *block) {
		cmd := b.cat()
		b.must(cmd.Start())
		b.next()
		cmd.Wait()
	}},
}

// A store has a file's methods.
type store struct{ *os.File }

func slurp[T ~string](name T) { os.ReadFile(string(name)) } // blocks: a generic function that reads a file

var systemVariants = []blocker{
	{"system call: in a generic function", asyncio.StallSyscall, "os.ReadFile", "ToThread", func(b *block) {
		b.marked("a generic function that reads a file")
		slurp(b.fifo())
	}},
	{"system call: a file system behind an interface, deep down", asyncio.StallSyscall, "io/fs.ReadFile", "ToThread", func(b *block) {
		dir, name := filepath.Split(b.fifo())
		deeply(500, func() {
			b.next()
			fs.ReadFile(os.DirFS(dir), name)
		})
	}},
	{"system call: a promoted method under a scanner", asyncio.StallSyscall, "bufio.(*Scanner).Scan", "ToThread", func(b *block) {
		s := store{os.NewFile(uintptr(b.pipe()), "pipe")}
		defer s.Close()
		lines := bufio.NewScanner(s)
		b.next()
		lines.Scan()
	}},
	{"system call: by reflection", asyncio.StallSyscall, "reflect.Value.Call", "ToThread", func(b *block) {
		args := []reflect.Value{reflect.ValueOf(b.fifo())}
		open := reflect.ValueOf(os.Open)
		b.next()
		open.Call(args)[0].Interface().(io.Closer).Close()
	}},
	{"system call: a method value of a command, deferred", asyncio.StallSyscall, "os/exec.(*Cmd).Output", "aioexec", func(b *block) {
		output := b.cat().Output
		defer func() {
			b.next()
			output()
		}()
	}},
	{"system call: a callback of a walk", asyncio.StallSyscall, "syscall.Flock", "ToThread", func(b *block) {
		f := b.lockedFile()
		filepath.WalkDir(b.TempDir(), func(string, fs.DirEntry, error) error {
			fd := int(f.Fd())
			b.next()
			return syscall.Flock(fd, syscall.LOCK_EX)
		})
	}},
}
