package aionet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A cancelled task leaves at once, with its context's error; what has arrived stays.

var errWhy = errors.New("somebody said so")

func TestCancelledRead(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		task := reading(ctx, a)
		turns(ctx, t, 2)
		task.Cancel(errWhy)
		_, err := task.Await(ctx)
		wantErr(t, "Await", err, asyncio.ErrTaskCancelled)
		wantErr(t, "Read", task.Err(), context.Canceled)
		write(t, b, "kept")
		wantRead(t, a, "kept")
	})
}

func TestWrite_CancelledReturnsTheCount(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, b)
		const size = 64 << 20
		written := 0
		task := asyncio.Go(ctx, func(ctx context.Context) (err error) {
			written, err = a.Write(make([]byte, size))
			if err != ctx.Err() {
				t.Errorf("Write: %v, want the context's error", err)
			}
			return err
		})
		turns(ctx, t, 200)
		task.Cancel(nil)
		task.Await(ctx)
		shut(t, a)
		got := 0
		for {
			p, err := b.Next()
			if err != nil {
				break
			}
			got += len(p)
		}
		if written != got || written == 0 || written == size {
			t.Errorf("Write said %d bytes, %d arrived", written, got)
		}
	})
}

// Every call of a cancelled task returns the cancellation, even if it need not wait.
func TestCallsOfACancelledTask(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		l := listen(ctx, t)
		defer shut(t, a, b, l)
		write(t, b, "there")
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			asyncio.Sleep(ctx, time.Hour)
			calls := map[string]func() error{
				"Read":   func() error { _, err := a.Read(make([]byte, 1)); return err },
				"Write":  func() error { _, err := a.Write(make([]byte, 1)); return err },
				"Next":   func() error { _, err := a.Next(); return err },
				"Accept": func() error { _, err := l.Accept(ctx); return err },
				"Dial":   func() error { _, err := aionet.Dial(ctx, "tcp", l.Addr().String()); return err },
				"Listen": func() error { _, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0"); return err },
				"ListenPacket": func() error {
					_, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
					return err
				},
				"Serve": func() error { return l.Serve(ctx, func(context.Context, *aionet.Conn) error { return nil }) },
			}
			for range 2 {
				for name, call := range calls {
					if err := call(); err != context.Canceled {
						t.Errorf("%s: %v, want context.Canceled itself", name, err)
					}
				}
			}
			// A last word is possible.
			last := a.WithContext(context.WithoutCancel(ctx))
			write(t, last, "bye")
			wantRead(t, last, "there")
			return ctx.Err()
		})
		turns(ctx, t, 2)
		task.Cancel(nil)
		task.Await(ctx)
		wantRead(t, b, "bye")
	})
}

func TestCancelledAccept(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		tctx, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		_, err := l.Accept(tctx)
		wantErr(t, "Accept", err, context.DeadlineExceeded)
		c := dial(ctx, t, l.Addr())
		far, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		shut(t, c, far, l)
	})
}

// A descriptor that is made after the cancellation is closed: noLeaks counts descriptors.
func TestDial_CancelledAtEveryStep(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		for i := range 60 {
			task := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.Conn, error) {
				return aionet.Dial(ctx, "tcp", l.Addr().String())
			})
			if i < 40 {
				turns(ctx, t, i/10)
			} else {
				asyncio.Sleep(ctx, time.Duration(i-40)*20*time.Microsecond)
			}
			task.Cancel(nil)
			if c, err := task.Await(ctx); err == nil {
				shut(t, c)
			} else {
				wantErr(t, "Dial", err, context.Canceled)
			}
		}
		shut(t, l)
	})
}

// Two tasks accept. One is cancelled in the turn in which a connection arrives, and the other gets
// the connection.
func TestAccept_CancelledLosesNoConnection(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		accept := func(ctx context.Context) (*aionet.Conn, error) { return l.Accept(ctx) }
		for range 20 {
			first, second := asyncio.CreateTask(ctx, accept), asyncio.CreateTask(ctx, accept)
			turns(ctx, t, 2)
			c := dial(ctx, t, l.Addr())
			first.Cancel(nil)
			got := 0
			for _, task := range []*asyncio.Task[*aionet.Conn]{first, second} {
				if task == second && got == 1 {
					task.Cancel(nil)
				}
				if far, err := task.Await(ctx); err == nil {
					got++
					shut(t, far)
				}
			}
			if got != 1 {
				t.Errorf("%d connections were accepted, want 1", got)
			}
			shut(t, c)
		}
		shut(t, l)
	})
}
