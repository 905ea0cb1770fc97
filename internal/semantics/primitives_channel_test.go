package semantics_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestRecv_WhatIsThereCostsNoTurn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		ch := make(chan int, 2)
		ch <- 1
		ch <- 2
		close(ch)
		n, stop := countTurns(ctx)
		defer stop()
		for _, want := range []struct {
			v  int
			ok bool
		}{{1, true}, {2, true}, {0, false}, {0, false}} {
			if v, ok, err := asyncio.Recv(ctx, ch); v != want.v || ok != want.ok || err != nil {
				t.Errorf("Recv: %d, %v, %v; want %d, %v, nil", v, ok, err, want.v, want.ok)
			}
		}
		room := make(chan int, 2)
		for i := range 2 {
			if err := asyncio.Send(ctx, room, i); err != nil || len(room) != i+1 {
				t.Errorf("Send: %v, %d in the channel", err, len(room))
			}
		}
		if *n != 0 {
			t.Errorf("%d turns went by, want none", *n)
		}
	})
}

func TestRecv_WaitsWhileOthersRun(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, ch := range []chan int{make(chan int), make(chan int, 1)} {
			start, others := time.Now(), 0
			other := asyncio.Go(ctx, func(ctx context.Context) error {
				for range 4 {
					asyncio.Sleep(ctx, time.Second)
					others++
				}
				return nil
			})
			go func() {
				time.Sleep(2500 * time.Millisecond)
				ch <- 7
				time.Sleep(time.Second)
				close(ch)
			}()
			v, ok, err := asyncio.Recv(ctx, ch)
			if v != 7 || !ok || err != nil || time.Since(start) != 2500*time.Millisecond || others != 2 {
				t.Errorf("Recv: %d, %v, %v after %v, the other task ran %d times", v, ok, err, time.Since(start), others)
			}
			v, ok, err = asyncio.Recv(ctx, ch)
			if v != 0 || ok || err != nil || time.Since(start) != 3500*time.Millisecond {
				t.Errorf("Recv of what is closed meanwhile: %d, %v, %v after %v", v, ok, err, time.Since(start))
			}
			await(ctx, t, other)
		}
	})
}

func TestSend_WaitsUntilTheChannelTakesTheValue(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		full := make(chan int, 1)
		full <- 0
		for _, ch := range []chan int{make(chan int), full} {
			start := time.Now()
			got := make(chan []int, 1)
			go func() {
				time.Sleep(time.Second)
				var vs []int
				for range 1 + cap(ch) {
					vs = append(vs, <-ch)
				}
				got <- vs
			}()
			if err := asyncio.Send(ctx, ch, 7); err != nil || time.Since(start) != time.Second {
				t.Errorf("Send: %v after %v, want nil after 1s", err, time.Since(start))
			}
			synctest.Wait()
			if vs := <-got; vs[len(vs)-1] != 7 {
				t.Errorf("received %v, want 7 at the end", vs)
			}
		}
	})
}

// Two tasks of one loop talk through a channel.
func TestRecv_TasksOfOneLoopTalkThroughAChannel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		ping, pong := make(chan int), make(chan int)
		echo := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				v, ok, err := asyncio.Recv(ctx, ping)
				if !ok || err != nil {
					return err
				}
				if err := asyncio.Send(ctx, pong, v+1); err != nil {
					return err
				}
			}
		})
		for i := range 20 {
			if err := asyncio.Send(ctx, ping, i); err != nil {
				t.Error(err)
			}
			if v, ok, err := asyncio.Recv(ctx, pong); v != i+1 || !ok || err != nil {
				t.Errorf("round %d: %d, %v, %v", i, v, ok, err)
			}
		}
		close(ping)
		await(ctx, t, echo)
	})
}

func TestRecv_NilChannelsWaitForTheCancellation(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var none chan int
		for name, call := range map[string]func(ctx context.Context) error{
			"Recv": func(ctx context.Context) error { _, _, err := asyncio.Recv(ctx, none); return err },
			"Send": func(ctx context.Context) error { return asyncio.Send(ctx, none, 1) },
		} {
			c, cancel := asyncio.WithTimeout(ctx, time.Hour)
			start := time.Now()
			if err := call(c); err != context.DeadlineExceeded || time.Since(start) != time.Hour {
				t.Errorf("%s: %v after %v, want the time-out", name, err, time.Since(start))
			}
			cancel()
		}
	})
}

func TestSend_OnAClosedChannelPanics(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		want := panicOf(func() {
			ch := make(chan int)
			close(ch)
			ch <- 1
		})
		same := func(what string, v any) {
			t.Helper()
			if err, ok := v.(error); !ok || err.Error() != want.(error).Error() {
				t.Errorf("%s: panic %v, want %v", what, v, want)
			}
		}
		closed := make(chan int)
		close(closed)
		same("closed before", panicOf(func() { asyncio.Send(ctx, closed, 1) }))
		for _, cancel := range []bool{false, true} {
			ch := make(chan int)
			var v any
			a := try(ctx, func(ctx context.Context) error {
				v = panicOf(func() { asyncio.Send(ctx, ch, 1) })
				return nil
			})
			turns(ctx, t, 1)
			synctest.Wait()
			close(ch)
			synctest.Wait()
			if cancel {
				a.Cancel(nil)
			}
			await(ctx, t, a)
			same("closed meanwhile", v)
		}
		c, cancel := asyncio.WithTimeout(ctx, time.Hour)
		cancel()
		if err := asyncio.Send(c, closed, 1); err != context.Canceled {
			t.Errorf("with a cancelled ctx: %v, want it to win on entry", err)
		}
	})
}

// The panic is the task's: it ends Run as any other does.
func TestSend_ThePanicIsTheTasks(t *testing.T) {
	err := runVirtual(t, func(ctx context.Context) error {
		ch := make(chan int)
		task := asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Send(ctx, ch, 1) })
		turns(ctx, t, 1)
		synctest.Wait()
		close(ch)
		_, err := task.Await(ctx)
		return err
	}, asyncio.WithPanicsAsErrors())
	var p *asyncio.PanicError
	if !errors.As(err, &p) || !strings.Contains(err.Error(), "send on closed channel") {
		t.Errorf("Run: %v, want a *PanicError that says why", err)
	}
}

// As the comment of Recv says: several channels at once.
func TestRecv_SeveralChannelsInToThread(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, b := make(chan int), make(chan int)
		either := func(ctx context.Context) (int, error) {
			select {
			case v := <-a:
				return v, nil
			case v := <-b:
				return v, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		go func() { time.Sleep(time.Second); b <- 2 }()
		if v, err := asyncio.ToThread(ctx, either); v != 2 || err != nil {
			t.Errorf("%d, %v; want 2", v, err)
		}
		c, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := asyncio.ToThread(c, either); err != context.DeadlineExceeded {
			t.Errorf("%v, want the time-out", err)
		}
	})
}

func TestRecv_LeavesNoGoroutine(t *testing.T) {
	noGoroutinesLeft(t)
	ch := make(chan int)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		for range 50 {
			asyncio.Go(ctx, func(ctx context.Context) error { _, _, err := asyncio.Recv(ctx, ch); return err })
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Send[int](ctx, nil, 1) })
		}
		return asyncio.Sleep(ctx, 0)
	})
	if err != nil {
		t.Error(err)
	}
}
