package aionet_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// ReadFrom: files go by the system, everything else through the program, and what
// arrives is the same.

// fileOf makes a file of so many random bytes and opens it.
func fileOf(t *testing.T, size int) (*os.File, []byte) {
	t.Helper()
	content := make([]byte, size)
	random := rand.New(rand.NewPCG(uint64(size), 1))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, content
}

// wantSent copies r into a connection and checks what comes out of it.
func wantSent(ctx context.Context, t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	a, b := pair(ctx, t)
	defer shut(t, a, b)
	task := asyncio.CreateTask(ctx, func(context.Context) (int64, error) {
		defer a.CloseWrite()
		return io.Copy(a, r)
	})
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes came, %v; want %d, the same", len(got), err, len(want))
	}
	if n, err := task.Await(ctx); n != int64(len(want)) || err != nil {
		t.Errorf("Copy: %d, %v; want %d", n, err, len(want))
	}
}

func TestSendFile(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		for _, size := range []int{0, 1, 100_000, 5 << 20} {
			f, content := fileOf(t, size)
			wantSent(ctx, t, f, content)
			if at, _ := f.Seek(0, io.SeekCurrent); at != int64(size) {
				t.Errorf("the file stands at %d, want its end, %d", at, size)
			}
		}
	})
}

func TestSendPartOfAFile(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, content := fileOf(t, 3<<20)
		if _, err := f.Seek(10, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		l := &io.LimitedReader{R: f, N: 2 << 20}
		wantSent(ctx, t, l, content[10:10+2<<20])
		if l.N != 0 {
			t.Errorf("the limit is %d afterwards, want 0", l.N)
		}
		wantSent(ctx, t, f, content[10+2<<20:])
		l = &io.LimitedReader{R: f, N: 100} // at its end
		wantSent(ctx, t, l, nil)
		wantSent(ctx, t, &io.LimitedReader{R: f, N: -5}, nil)
	})
}

// What is no plain file is copied.
func TestReadFrom_WithoutSendfile(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		write(t, w, "from a pipe")
		shut(t, w)
		wantSent(ctx, t, r, []byte("from a pipe"))
		wantSent(ctx, t, strings.NewReader("from a string"), []byte("from a string"))
		wantSent(ctx, t, io.LimitReader(strings.NewReader("from a string"), 4), []byte("from"))
	})
}

// A file into a pipe, which is no socket.
func TestSendFileToAPipe(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, content := fileOf(t, 1<<20)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out, in := adopt(ctx, t, w), adopt(ctx, t, r)
		task := asyncio.CreateTask(ctx, func(context.Context) (int64, error) {
			defer out.Close()
			return io.Copy(out, f)
		})
		got, err := io.ReadAll(in)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came, %v", len(got), err)
		}
		if n, err := task.Await(ctx); n != int64(len(content)) || err != nil {
			t.Errorf("Copy: %d, %v", n, err)
		}
		shut(t, in)
	})
}

func TestSendFileFails(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f := hole(t, 64<<20)
		a, b := pair(ctx, t)
		task := asyncio.CreateTask(ctx, func(context.Context) (int64, error) { return a.ReadFrom(f) })
		turns(ctx, t, 100)
		task.Cancel(nil)
		task.Await(ctx)
		wantErr(t, "ReadFrom", task.Err(), context.Canceled)

		a.SetWriteDeadline(past)
		_, err := a.ReadFrom(f)
		wantTimeout(t, "ReadFrom", err)
		shut(t, a, b)
		_, err = a.ReadFrom(f)
		wantErr(t, "ReadFrom after Close", err, net.ErrClosed)

		shut(t, f)
		a, b = pair(ctx, t)
		_, err = a.ReadFrom(f)
		wantErr(t, "ReadFrom of a closed file", err, os.ErrClosed)
		shut(t, a, b)
	})
}

// Sending a file is writing: it keeps other writers out while it waits.
func TestSendFileFromAThread(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		f, content := fileOf(t, 2<<20)
		a, b := pair(ctx, t)
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int64, error) {
			return asyncio.ToThread(ctx, func(context.Context) (int64, error) {
				defer a.CloseWrite()
				return io.Copy(a, f)
			})
		})
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%d bytes came, %v", len(got), err)
		}
		if _, err := task.Await(ctx); err != nil {
			t.Error(err)
		}
		shut(t, a, b)
	})
}

// hole makes a file of so many zeros, which take no room, and opens it.
func hole(t *testing.T, size int64) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "hole"))
	if err == nil {
		err = f.Truncate(size)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// adopt makes a connection of a file, and closes the file.
func adopt(ctx context.Context, t *testing.T, f *os.File) *aionet.Conn {
	t.Helper()
	c, err := aionet.FileConn(ctx, f)
	if err != nil {
		t.Fatal(err)
	}
	shut(t, f)
	return c
}
