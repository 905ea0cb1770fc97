package semantics_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S15 for channels: what was received is returned, what is reported as unsent was not sent.

// "If ctx is cancelled it returns ctx.Err(), and no value is lost", "and v was not sent": under every kind of context.
func TestS15_ACancelledRecvOrSendHasNoEffect(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, way := range waysToCancel() {
			ch, full := make(chan int, 1), make(chan int, 1)
			full <- 1
			c, end := way.make(ctx)
			asyncio.LoopOf(ctx).CallLater(time.Minute, end)
			v, ok, err := asyncio.Recv(c, ch)
			if v != 0 || ok || err != way.want {
				t.Errorf("%s: Recv: %d, %v, %v; want 0, false, %v", way.name, v, ok, err, way.want)
			}
			ch <- 2
			// On entry a cancelled ctx wins, and what is there stays there.
			if v, ok, err := asyncio.Recv(c, ch); v != 0 || ok || err != way.want || len(ch) != 1 {
				t.Errorf("%s: Recv again: %d, %v, %v, %d left; want %v and 1", way.name, v, ok, err, len(ch), way.want)
			}
			if err := asyncio.Send(c, make(chan int, 1), 3); err != way.want {
				t.Errorf("%s: Send to where there is room: %v, want %v", way.name, err, way.want)
			}
			c, end = way.make(ctx)
			asyncio.LoopOf(ctx).CallLater(time.Minute, end)
			if err := asyncio.Send(c, full, 3); err != way.want {
				t.Errorf("%s: Send: %v, want %v", way.name, err, way.want)
			}
			<-full
			asyncio.Sleep(ctx, time.Hour)
			if len(full) != 0 {
				t.Errorf("%s: Send sent %d after it had returned", way.name, <-full)
			}
		}
	})
}

// A value that arrives in the turn of the cancellation is returned, or it stays in the channel: it is never gone.
func TestS15_RecvNeverLosesAValueToACancel(t *testing.T) {
	for round := range 300 {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			ch := make(chan int, 1)
			var v int
			var ok bool
			a := try(ctx, func(ctx context.Context) (err error) { v, ok, err = asyncio.Recv(ctx, ch); return err })
			turns(ctx, t, 1)
			synctest.Wait() // the goroutine that waits in place of the task has begun
			switch round % 3 {
			case 0:
				ch <- 7
				a.Cancel(nil)
			case 1:
				a.Cancel(nil)
				ch <- 7
			case 2: // the loop goes on only after the value has been taken
				ch <- 7
				synctest.Wait()
				a.Cancel(nil)
			}
			await(ctx, t, a)
			switch got := a.err == nil; {
			case got && (v != 7 || !ok || len(ch) != 0):
				t.Errorf("received %d, %v, with %d left", v, ok, len(ch))
			case !got && (a.err != context.Canceled || v != 0 || ok || len(ch) != 1):
				t.Errorf("%d, %v, %v, with %d left; want the value in the channel", v, ok, a.err, len(ch))
			}
			if round%3 == 2 && a.err != nil {
				t.Errorf("the value had been received when the cancel came: %v", a.err)
			}
			if a.next != context.Canceled {
				t.Errorf("the next await: %v, want context.Canceled", a.next)
			}
		})
	}
}

func TestS15_SendNeverReportsWhatWasSentAsUnsent(t *testing.T) {
	for round := range 300 {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			ch := make(chan int, 1)
			ch <- 0
			a := try(ctx, func(ctx context.Context) error { return asyncio.Send(ctx, ch, 7) })
			turns(ctx, t, 1)
			synctest.Wait()
			switch round % 3 {
			case 0:
				<-ch
				a.Cancel(nil)
			case 1:
				a.Cancel(nil)
				<-ch
			case 2:
				<-ch
				synctest.Wait()
				a.Cancel(nil)
			}
			await(ctx, t, a)
			asyncio.Sleep(ctx, time.Second)
			if sent := len(ch) == 1; sent != (a.err == nil) || !sent && a.err != context.Canceled {
				t.Errorf("sent %v, Send returned %v", sent, a.err)
			}
			if round%3 == 2 && a.err != nil {
				t.Errorf("the value had been sent when the cancel came: %v", a.err)
			}
		})
	}
}

// The same with goroutines that run in parallel, outside of any bubble: what one side says was sent, the
// other has received.
func TestS15_ChannelsUnderStress(t *testing.T) {
	const n = 2000
	sent, received := map[int]bool{}, map[int]bool{}
	ch := make(chan int)
	var wg sync.WaitGroup
	half := func(op func(ctx context.Context, i int) error) {
		wg.Go(func() {
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				for i := range n {
					task := asyncio.Go(ctx, func(ctx context.Context) error { return op(ctx, i) })
					for range i % 4 {
						asyncio.Sleep(ctx, 0)
					}
					task.Cancel(nil)
					task.Await(ctx)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	half(func(ctx context.Context, i int) error {
		err := asyncio.Send(ctx, ch, i)
		if err == nil {
			sent[i] = true
		}
		return err
	})
	half(func(ctx context.Context, _ int) error {
		v, ok, err := asyncio.Recv(ctx, ch)
		if err == nil && ok {
			if received[v] {
				t.Errorf("%d came twice", v)
			}
			received[v] = true
		}
		return err
	})
	wg.Wait()
	for i := range n {
		if sent[i] != received[i] {
			t.Errorf("%d: sent %v, received %v", i, sent[i], received[i])
		}
	}
}

// The goroutine of a Recv whose task was abandoned would stay for ever, and take a value that nobody gets.
func TestS15_AnAbandonedRecvTakesNoValue(t *testing.T) {
	ch := make(chan int)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, _, err := asyncio.Recv(context.WithoutCancel(ctx), ch)
			return err
		})
		return asyncio.Sleep(ctx, 0)
	}, asyncio.WithShutdownTimeout(0))
	if err == nil || !strings.Contains(err.Error(), "1 task(s) did not stop") {
		t.Errorf("Run: %v, want an abandoned task", err)
	}
	for range 100 {
		select {
		case ch <- 1:
			t.Fatal("somebody took a value after the end of Run")
		default:
		}
	}
}
