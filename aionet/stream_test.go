package aionet_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// A connection delivers the bytes in order, and then EOF or an error.

func TestStream_BothDirections(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		for range 3 {
			write(t, a, "ping")
			wantRead(t, b, "ping")
			write(t, b, "pong")
			wantRead(t, a, "pong")
		}
		var _ net.Conn = a
		if a.RemoteAddr().String() != b.LocalAddr().String() || a.LocalAddr().String() != b.RemoteAddr().String() {
			t.Errorf("addresses %v-%v and %v-%v do not fit", a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr())
		}
	})
}

// The last bytes and the end may be one event of the poller. After a short read of the bytes, the
// next read must still return io.EOF.
func TestRead_EOFWithTheLastBytes(t *testing.T) {
	for name, end := range map[string]func(*net.TCPConn) error{"Close": (*net.TCPConn).Close, "CloseWrite": (*net.TCPConn).CloseWrite} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				c, far := peer(ctx, t)
				defer far.Close()
				write(t, far, "warm") // so that the poller has told of the beginning
				wantRead(t, c, "warm")
				task := reading(ctx, c)
				turns(ctx, t, 2)
				write(t, far, "last words") // both while the loop does not look
				if err := end(far); err != nil {
					t.Fatal(err)
				}
				if got, err := task.Await(ctx); err != nil || got != "last words" {
					t.Errorf("read %q, %v", got, err)
				}
				wantEOF(t, c)
				wantEOF(t, c) // and it stays the end
				shut(t, c)
			})
		})
	}
}

func TestHalfClose(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		write(t, a, "question")
		if err := a.CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		wantRead(t, b, "question")
		wantEOF(t, b)
		write(t, b, "answer")
		wantRead(t, a, "answer")
		if _, err := a.Write([]byte("x")); err == nil {
			t.Error("Write succeeded after CloseWrite")
		} else {
			wantErr(t, "Write after CloseWrite", err, syscall.EPIPE)
		}
	})
}

func TestCloseRead(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		task := reading(ctx, a)
		turns(ctx, t, 2)
		if err := a.CloseRead(); err != nil {
			t.Errorf("CloseRead: %v", err)
		}
		_, err := task.Await(ctx)
		wantErr(t, "the Read that waited", err, io.EOF)
		wantEOF(t, a)
		write(t, a, "still writes")
		wantRead(t, b, "still writes")
	})
}

func TestWrite_CompleteAndInOrder(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		sent := make([]byte, 16<<20)
		for i := range sent {
			sent[i] = byte(i >> 3 * 7)
		}
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) {
			defer a.CloseWrite()
			return a.Write(sent)
		})
		got, err := io.ReadAll(b)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came, %v; want the %d that were sent", len(got), err, len(sent))
		}
		if n, err := task.Await(ctx); n != len(sent) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
	})
}

// Read with an empty buffer returns at once.
func TestEmptyBuffers(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		turns(ctx, t, 100)
		if n, err := a.Read(nil); n != 0 || err != nil {
			t.Errorf("Read(nil): %d, %v", n, err)
		}
		if n, err := a.Write(nil); n != 0 || err != nil {
			t.Errorf("Write(nil): %d, %v", n, err)
		}
		write(t, a, "x")
		wantRead(t, b, "x")
	})
}
