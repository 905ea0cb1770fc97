package aionet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A task is woken for nothing, and cancelled before it looks: it must not wait again.

func TestRead_CancelledAfterWake(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, _ := asynciotest.Pipe(ctx)
		reader := asyncio.Go(ctx, func(context.Context) error {
			_, err := a.Read(make([]byte, 1))
			return err
		})
		asyncio.Sleep(ctx, 0)
		a.SetReadDeadline(time.Now().Add(time.Hour)) // wakes it
		reader.Cancel(nil)
		began := time.Now()
		if _, err := reader.Await(ctx); !errors.Is(err, context.Canceled) || time.Since(began) != 0 {
			t.Errorf("Read returned %v after %v, want context.Canceled at once", err, time.Since(began))
		}
	})
}

func TestAccept_CancelledAfterWake(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l, err := aionet.Listen(ctx, "tcp", "localhost:7000")
		if err != nil {
			t.Fatal(err)
		}
		var second *asyncio.Task[*aionet.Conn]
		first := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			second.Cancel(nil) // which was woken too
			return err
		})
		second = asyncio.CreateTask(ctx, l.Accept)
		asyncio.Sleep(ctx, 0)
		if _, err := aionet.Dial(ctx, "tcp", "localhost:7000"); err != nil {
			t.Fatal(err)
		}
		if _, err := first.Await(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := second.Await(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Accept returned %v, want context.Canceled", err)
		}
	})
}

func TestShutdown_CancelledAfterWake(t *testing.T) {
	for turns := range 5 { // in one of which the task of Shutdown has been woken, and has not run
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "localhost:7000")
			if err != nil {
				t.Fatal(err)
			}
			stopping, cancel := asyncio.WithTimeout(ctx, 24*time.Hour)
			loop, cancelLater := asyncio.LoopOf(ctx), cancel
			for range turns {
				next := cancelLater
				cancelLater = func() { loop.CallSoon(next) }
			}
			handlers := 0
			server := asyncio.Go(ctx, func(ctx context.Context) error {
				return l.Serve(ctx, func(ctx context.Context, _ *aionet.Conn) error {
					if handlers++; handlers == 2 {
						return asyncio.Sleep(ctx, time.Hour)
					}
					asyncio.Sleep(ctx, time.Second)
					cancelLater()
					return nil
				})
			})
			for range 2 {
				if _, err := aionet.Dial(ctx, "tcp", "localhost:7000"); err != nil {
					t.Fatal(err)
				}
			}
			asyncio.Sleep(ctx, 0)
			began := time.Now()
			if err := l.Shutdown(stopping); err != context.Canceled {
				t.Errorf("cancelled %d turns after a handler ended: Shutdown returned %v, want context.Canceled", turns, err)
			}
			if took := time.Since(began); took != time.Second {
				t.Errorf("cancelled %d turns after a handler ended: Shutdown took %v, want 1s", turns, took)
			}
			server.Await(ctx)
		})
	}
}
