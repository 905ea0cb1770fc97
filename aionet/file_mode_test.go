//go:build unix

package aionet_test

import (
	"context"
	"os"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// FileConn sets a shared open file to non-blocking mode. However the connection ends, the
// former mode of the file is restored.

// blocks reports whether an open file is in blocking mode. It does not change the mode.
func blocks(t *testing.T, f *os.File) (blocks bool) {
	t.Helper()
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		if errno != 0 {
			t.Fatal(errno)
		}
		blocks = flags&syscall.O_NONBLOCK == 0
	}); err != nil {
		t.Fatal(err)
	}
	return blocks
}

// blocking returns files in blocking mode, like those that a shell opens.
func blocking(t *testing.T) map[string]*os.File {
	t.Helper()
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	left, right := socketpair(t, syscall.SOCK_STREAM)
	files := map[string]*os.File{
		"the read end of a pipe":  os.NewFile(uintptr(fds[0]), "read"),
		"the write end of a pipe": os.NewFile(uintptr(fds[1]), "write"),
		"a socket":                left,
		"the socket's peer":       right,
	}
	if tty := terminal(t); tty != nil {
		files["a terminal"] = tty
	}
	for _, f := range files {
		t.Cleanup(func() { f.Close() })
	}
	return files
}

func TestFileConn_RestoresTheMode(t *testing.T) {
	conn := func(ctx context.Context, f *os.File) *aionet.Conn {
		c, err := aionet.FileConn(ctx, f)
		if err != nil {
			t.Fatalf("FileConn(%s): %v", f.Name(), err)
		}
		if blocks(t, f) {
			t.Errorf("%s blocks while it is a connection", f.Name())
		}
		return c
	}
	for name, use := range map[string]func(ctx context.Context, f *os.File){
		"Close": func(ctx context.Context, f *os.File) { shut(t, conn(ctx, f)) },
		"Close in a goroutine": func(ctx context.Context, f *os.File) {
			c := conn(ctx, f)
			asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, c.Close() })
			turns(ctx, t, 1)
		},
		"Close while a task reads": func(ctx context.Context, f *os.File) {
			c := conn(ctx, f)
			task := reading(ctx, c)
			turns(ctx, t, 2)
			shut(t, c)
			task.Await(ctx)
		},
		"Close during Control": func(ctx context.Context, f *os.File) {
			c := conn(ctx, f)
			raw, _ := c.SyscallConn()
			raw.Control(func(uintptr) { c.Close() })
		},
		"twice": func(ctx context.Context, f *os.File) {
			shut(t, conn(ctx, f))
			shut(t, conn(ctx, f))
		},
		"two of one file, the first closed first": func(ctx context.Context, f *os.File) {
			a, b := conn(ctx, f), conn(ctx, f)
			shut(t, a)
			if blocks(t, f) {
				t.Error("the file blocks while it is another connection")
			}
			shut(t, b)
		},
		"two of one file, the second closed first": func(ctx context.Context, f *os.File) {
			a, b := conn(ctx, f), conn(ctx, f)
			shut(t, b)
			if blocks(t, f) {
				t.Error("the file blocks while it is another connection")
			}
			shut(t, a)
		},
		"three of one file, and another of others": func(ctx context.Context, f *os.File) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			x, y := adopt(ctx, t, r), adopt(ctx, t, w)
			a, b, c := conn(ctx, f), conn(ctx, f), conn(ctx, f)
			shut(t, a, x, c, y, b)
		},
		"the end of the loop": func(ctx context.Context, f *os.File) { conn(ctx, f) },
		"the end of another loop": func(ctx context.Context, f *os.File) {
			c := conn(ctx, f)
			asyncio.ToThread(ctx, func(context.Context) (int, error) {
				return 0, asyncio.Run(context.Background(), func(ctx context.Context) error { conn(ctx, f); return nil })
			})
			if blocks(t, f) {
				t.Error("the file blocks while it is another loop's connection")
			}
			shut(t, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, f := range blocking(t) {
				onLoop(t, func(ctx context.Context) {
					if !blocks(t, f) {
						t.Fatal("the file does not block before")
					}
					use(ctx, f)
				})
				if !blocks(t, f) {
					t.Errorf("%s does not block afterwards", kind)
				}
			}
		})
	}
}

// A file in non-blocking mode stays in it, and a refused file keeps its mode.
func TestFileConn_KeepsTheModeOfOthers(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		r, w, err := os.Pipe() // package os sets it to non-blocking mode
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c, err := aionet.FileConn(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			shut(t, c)
			if blocks(t, r) {
				t.Error("a pipe of package os blocks afterwards")
			}
		}
		shut(t, r, w)

		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		unconnected := os.NewFile(uintptr(fd), "unconnected")
		regular, _ := fileOf(t, 10)
		for _, f := range []*os.File{unconnected, regular} {
			if _, err := aionet.FileConn(ctx, f); err == nil {
				t.Errorf("FileConn(%s) succeeded", f.Name())
			}
			if !blocks(t, f) {
				t.Errorf("%s does not block after it was refused", f.Name())
			}
		}
		shut(t, unconnected)
	})
}
