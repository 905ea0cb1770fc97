package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// After interrupted calls all accepted data still arrives in order, and received data is read
// later.
func TestTLS_continuesAfterInterruption(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		boom := errors.New("boom")

		interrupt := map[string]func() error{
			"deadline": func() error {
				c.SetReadDeadline(time.Now().Add(time.Millisecond))
				_, err := c.Read(make([]byte, 1))
				c.SetReadDeadline(time.Time{})
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					return fmt.Errorf("deadline: %w", err)
				}
				return nil
			},
			"view": func() error {
				short, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				if _, err := c.WithContext(short).Read(make([]byte, 1)); err != context.DeadlineExceeded {
					return fmt.Errorf("view: %w", err)
				}
				return nil
			},
			"cancellation": func() error {
				task := asyncio.Go(ctx, func(context.Context) error {
					_, err := c.Read(make([]byte, 1))
					return err
				})
				asyncio.Sleep(ctx, 0)
				task.Cancel(boom)
				if _, err := task.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
					return fmt.Errorf("cancellation: %w", err)
				}
				return nil
			},
		}
		for name, fn := range interrupt {
			if err := fn(); err != nil {
				t.Error(err)
			}
			exchange(t, s, c, "after the "+name)
		}

		// The other side does not read, until everything is accepted or given up.
		var accepted bytes.Buffer
		random := rand.NewChaCha8([32]byte{})
		piece := func(n int) []byte {
			p := make([]byte, n)
			random.Read(p)
			return p
		}
		for round := range 3 {
			p := piece(16<<20 + round)
			task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
				var n int
				var err error
				switch round {
				case 0:
					c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
					n, err = c.Write(p)
					c.SetWriteDeadline(time.Time{})
				case 1:
					short, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
					defer cancel()
					n, err = c.WithContext(short).Write(p)
				case 2:
					n, err = c.Write(p)
				}
				if err == nil || n == len(p) {
					t.Errorf("round %d: all was accepted: %v", round, err)
				}
				accepted.Write(p[:n])
				return n, nil // a value wins, also when cancelled
			})
			if round == 2 {
				asyncio.Sleep(ctx, 0)
				task.Cancel(boom)
			}
			if _, err := task.Await(ctx); err != nil {
				t.Error(err)
			}
		}
		var got bytes.Buffer
		reader := spawn(ctx, t, "reader", func(context.Context) error {
			_, err := got.ReadFrom(s)
			return err
		})
		last := piece(100_000)
		accepted.Write(last)
		if n, err := c.Write(last); n != len(last) || err != nil {
			t.Errorf("the last Write: %d, %v", n, err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		await(ctx, t, reader)
		if !bytes.Equal(got.Bytes(), accepted.Bytes()) {
			t.Errorf("%d bytes were accepted, %d arrived, or others", accepted.Len(), got.Len())
		}
		s.Close()
	})
}

// A deadline of writing that has passed refuses what follows, even if there is room.
func TestTLS_expiredWriteDeadline(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		c.SetWriteDeadline(time.Now().Add(-time.Second))
		if n, err := c.Write([]byte("too late")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %d, %v", n, err)
		}
		if err := c.CloseWrite(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("CloseWrite: %v", err)
		}
		c.SetWriteDeadline(time.Time{})
		exchange(t, s, c, "after the deadline")
	})
}

// The rest of an interrupted Write is sent without a further Write.
func TestTLS_theRestOfAnInterruptedWriteArrives(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
		n, err := c.Write(make([]byte, 16<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Write: %d, %v", n, err)
		}
		if got, err := io.ReadFull(s, make([]byte, n)); err != nil {
			t.Errorf("%d of %d bytes that were accepted: %v", got, n, err)
		}
		s.Close()
		c.Close()
	})
}

// Closed in a callback, where nothing can wait, the last words are sent all the same.
func TestTLS_closedInACallback(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		for _, crowded := range []bool{false, true} {
			c, s := secured(ctx, t, clientConfig(), serverConfig())
			sent := 0
			if crowded { // there is no room for the last words yet
				c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
				sent, _ = c.Write(make([]byte, 16<<20))
				c.SetWriteDeadline(time.Time{})
			}
			closed := asyncio.NewFuture[error](ctx)
			asyncio.LoopOf(ctx).CallSoon(func() { closed.SetResult(c.Close()) })
			if err, _ := closed.Await(ctx); err != nil {
				t.Errorf("Close: %v", err)
			}
			if n, err := io.Copy(io.Discard, s); err != nil || int(n) != sent {
				t.Errorf("crowded %v: the other side got %d of %d bytes, %v", crowded, n, sent, err)
			}
			s.Close()
			asyncio.Sleep(ctx, 0) // the task that did it ends
		}
	})
}

// Close waits for a slow reader no longer than the deadline of writing, nor in a task
// that is cancelled.
func TestTLS_closeTimeout(t *testing.T) {
	const total = 16 << 20
	everywhere(t, func(ctx context.Context, t *testing.T) {
		for _, cancelled := range []bool{false, true} {
			c, s := secured(ctx, t, clientConfig(), serverConfig())
			task := asyncio.Go(ctx, func(ctx context.Context) error {
				defer c.Close()
				if !cancelled {
					c.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
				}
				_, err := c.Write(make([]byte, total))
				return err
			})
			asyncio.Sleep(ctx, 0)
			if cancelled {
				task.Cancel(nil)
			}
			if _, err := task.Await(ctx); err == nil {
				t.Error("Write: no error")
			}
			if n, _ := io.Copy(io.Discard, s); n >= total {
				t.Error("everything arrived")
			}
			s.Close()
			asyncio.Sleep(ctx, 0)
		}
	})
}

// While Close waits, a Read has already returned.
func TestTLS_closeWhileATaskReads(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		c.SetWriteDeadline(time.Now().Add(time.Second))
		c.Write(make([]byte, 1<<20)) // more than there is room for
		c.SetWriteDeadline(time.Time{})
		start := time.Now()
		reader := spawn(ctx, t, "reader", func(context.Context) error {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read: %v", err)
			}
			if waited := time.Since(start); waited != time.Minute {
				t.Errorf("the reader waited for %v", waited)
			}
			return nil
		})
		asyncio.Sleep(ctx, time.Minute)
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if waited := time.Since(start); waited != time.Minute+5*time.Second {
			t.Errorf("Close returned after %v", waited)
		}
		await(ctx, t, reader)
		s.Close()
	})
}
