package aionet_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A view obeys a context beside its task's.

func TestView_Timeout(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		f := hole(t, 64<<20)
		for name, call := range map[string]func(c net.Conn) error{
			"Read":    func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err },
			"Write":   func(c net.Conn) error { _, err := c.Write(make([]byte, 64<<20)); return err },
			"WriteTo": func(c net.Conn) error { _, err := io.Copy(io.Discard, c); return err },
			"ReadFrom": func(c net.Conn) error {
				_, err := io.Copy(c, f)
				return err
			},
			"Next": func(c net.Conn) error {
				_, err := c.(interface{ Next() ([]byte, error) }).Next()
				return err
			},
		} {
			vctx, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
			if err := call(a.WithContext(vctx)); err != context.DeadlineExceeded {
				t.Errorf("%s: %v, want context.DeadlineExceeded", name, err)
			}
			cancel()
			if err := call(a.WithContext(vctx)); err == nil {
				t.Errorf("%s succeeded with a context that has ended", name)
			}
		}
		write(t, b, "still there")
		wantRead(t, a, "still there")
	})
}

// A foreign context does as well as the loop's.
func TestView_ContextOfAnotherLoop(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		vctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_, err := a.WithContext(vctx).Read(make([]byte, 1))
		wantErr(t, "Read", err, context.DeadlineExceeded)

		vctx, stop := context.WithCancel(ctx)
		task := reading(ctx, a.WithContext(vctx))
		turns(ctx, t, 2)
		stop()
		_, err = task.Await(ctx)
		wantErr(t, "Read", err, context.Canceled)
	})
}

func TestView_Misuse(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		_, err := a.WithContext(context.Background()).Read(make([]byte, 1))
		wantErr(t, "a context without a loop", err, asyncio.ErrNoLoop)
		_, err = asyncio.ToThread(ctx, func(context.Context) (int, error) {
			return a.WithContext(ctx).Read(make([]byte, 1))
		})
		wantErr(t, "another goroutine", err, asyncio.ErrWrongTask)
		var none context.Context
		if _, err := a.WithContext(none).Write([]byte("x")); err == nil {
			t.Error("a nil context was accepted")
		}
	})
}

// All else is the connection's.
func TestView_SharesTheConnection(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		v := a.WithContext(ctx)
		write(t, b, "1234")
		wantRead(t, v, "12")
		wantRead(t, a, "34")
		var buf bytes.Buffer
		task := asyncio.CreateTask(ctx, func(context.Context) (int64, error) { return io.Copy(&buf, v) })
		if n, err := io.Copy(b.WithContext(ctx), bytes.NewReader([]byte("copied"))); n != 6 || err != nil {
			t.Errorf("ReadFrom: %d, %v", n, err)
		}
		b.CloseWrite()
		if n, err := task.Await(ctx); n != 6 || err != nil || buf.String() != "copied" {
			t.Errorf("WriteTo: %d, %v, %q", n, err, &buf)
		}
		v.SetDeadline(past)
		_, err := a.Read(make([]byte, 1))
		wantTimeout(t, "Read after the view's SetDeadline", err)
		if v.LocalAddr() != a.LocalAddr() || v.RemoteAddr() != a.RemoteAddr() {
			t.Error("other addresses")
		}
		if c, ok := v.(interface{ CloseWrite() error }); !ok || c.CloseWrite() != nil {
			t.Error("no CloseWrite")
		}
		shut(t, v, b)
		wantErr(t, "Close after the view's", a.Close(), net.ErrClosed)
		var _ *aionet.Conn = a
	})
}
