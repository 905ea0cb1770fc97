//go:build unix

package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// FileConn: what is open already becomes a connection.

func TestPipe(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		in, out := adopt(ctx, t, r), adopt(ctx, t, w)
		task := reading(ctx, in)
		turns(ctx, t, 2)
		write(t, out, "through a pipe")
		if got, err := task.Await(ctx); got != "through a pipe" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		wantErr(t, "CloseWrite", out.CloseWrite(), errors.ErrUnsupported)
		wantErr(t, "CloseRead", in.CloseRead(), errors.ErrUnsupported)
		task = reading(ctx, in)
		turns(ctx, t, 2)
		shut(t, out)
		_, err = task.Await(ctx)
		wantErr(t, "Read when the writer has left", err, io.EOF)
		wantEOF(t, in)
		if a := in.LocalAddr(); a.Network() != "file" || a.String() == "" {
			t.Errorf("LocalAddr: %s %q", a.Network(), a)
		}
		shut(t, in)
	})
}

func TestAFullPipe(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		in, out := adopt(ctx, t, r), adopt(ctx, t, w)
		const size = 4 << 20
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) {
			defer out.Close()
			return out.Write(make([]byte, size))
		})
		turns(ctx, t, 10)
		if task.Err() != asyncio.ErrNotDone {
			t.Error("the pipe took all at once")
		}
		got, err := io.ReadAll(in)
		if len(got) != size || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if n, err := task.Await(ctx); n != size || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		shut(t, in)
	})
}

func TestWrite_ToAPipeWithoutAReader(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out := adopt(ctx, t, w)
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return out.Write(make([]byte, 4<<20)) })
		turns(ctx, t, 10)
		shut(t, r)
		_, err = task.Await(ctx)
		wantErr(t, "Write", err, syscall.EPIPE)
		shut(t, out)
	})
}

// socketpair returns two files of one connection.
func socketpair(t *testing.T, kind int) (a, b *os.File) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, kind, 0)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fds[0]), "left"), os.NewFile(uintptr(fds[1]), "right")
}

func TestSocketpair(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, g := socketpair(t, syscall.SOCK_STREAM)
		a, b := adopt(ctx, t, f), adopt(ctx, t, g)
		write(t, a, "hello")
		wantRead(t, b, "hello")
		if err := b.CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		wantEOF(t, a)
		shut(t, a, b)
	})
}

func TestSocketpairOfDatagrams(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, g := socketpair(t, syscall.SOCK_DGRAM)
		a, b := adopt(ctx, t, f), adopt(ctx, t, g)
		for _, text := range []string{"one", "", "three"} { // an empty one is no end
			if n, err := a.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("Write: %d, %v", n, err)
			}
		}
		p := make([]byte, 100)
		for _, text := range []string{"one", "", "three"} {
			if n, err := b.Read(p); string(p[:n]) != text || err != nil {
				t.Errorf("Read: %q, %v; want %q", p[:n], err, text)
			}
		}
		shut(t, a, b)
	})
}

// The caller's file stays open and may be adopted again, also after the connection was closed.
func TestFileConn_LeavesTheFileOpen(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, g := socketpair(t, syscall.SOCK_STREAM)
		far := adopt(ctx, t, g)
		for range 3 {
			c, err := aionet.FileConn(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			task := reading(ctx, c)
			turns(ctx, t, 2)
			write(t, far, "again")
			if got, err := task.Await(ctx); got != "again" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
			shut(t, c)
		}
		shut(t, f)
		wantEOF(t, far)
		shut(t, far)
	})
}

func TestFileConn_RejectedFiles(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		regular, _ := fileOf(t, 10)
		dir, err := os.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer dir.Close()
		for _, f := range []*os.File{regular, dir} {
			_, err = aionet.FileConn(ctx, f)
			if err == nil || !strings.Contains(err.Error(), "asyncio.ToThread") || !strings.Contains(err.Error(), filepath.Base(f.Name())) {
				t.Errorf("FileConn(%s): %v; want an error that names it and the remedy", f.Name(), err)
			}
		}
		if _, err := aionet.FileConn(ctx, nil); err == nil {
			t.Error("FileConn(nil) succeeded")
		}
		closed, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		shut(t, closed)
		_, err = aionet.FileConn(ctx, closed)
		wantErr(t, "FileConn of a closed file", err, os.ErrClosed)

		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		listener, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		_, err = aionet.FileConn(ctx, listener)
		wantErr(t, "FileConn of a listener", err, syscall.ENOTCONN)
	})
	if _, err := aionet.FileConn(context.Background(), os.Stdin); !errors.Is(err, asyncio.ErrNoLoop) {
		t.Errorf("FileConn off the loop: %v", err)
	}
}
