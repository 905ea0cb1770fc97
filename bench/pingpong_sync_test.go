package bench

import (
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkQueuePingPong: one task puts a number in a queue of one place and
// waits for the number that another puts in a second queue. One op is there and
// back. Goroutines do it with channels of one place.
func BenchmarkQueuePingPong(b *testing.B) {
	b.Run("asyncio", queuePingPongAsyncio)
	b.Run("goroutine", queuePingPongGoroutine)
	b.Run("floor", futurePingPongFloor)
}

func queuePingPongAsyncio(b *testing.B) {
	onLoop(b, func(ctx context.Context) error {
		there, back := asyncio.NewQueue[int](1), asyncio.NewQueue[int](1)
		pong := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				n, err := there.Get(ctx)
				if err != nil || n < 0 {
					return err
				}
				if err := back.Put(ctx, n+1); err != nil {
					return err
				}
			}
		})
		n, rounds := 0, 0
		for b.Loop() {
			err := there.Put(ctx, n)
			if err != nil {
				return err
			}
			if n, err = back.Get(ctx); err != nil {
				return err
			}
			rounds++
		}
		if n != rounds {
			return wrongCount(n, rounds)
		}
		if err := there.Put(ctx, -1); err != nil {
			return err
		}
		_, err := pong.Await(ctx)
		return err
	})
}

func queuePingPongGoroutine(b *testing.B) {
	channelPingPong(b, 1)
}

// BenchmarkEventPingPong: two tasks wake each other in turn, each through an
// event that it clears before it answers. Goroutines meet at channels without a
// buffer, which is how they tell each other that something has happened.
func BenchmarkEventPingPong(b *testing.B) {
	b.Run("asyncio", eventPingPongAsyncio)
	b.Run("goroutine", eventPingPongGoroutine)
	b.Run("floor", futurePingPongFloor)
}

func eventPingPongAsyncio(b *testing.B) {
	onLoop(b, func(ctx context.Context) error {
		var there, back asyncio.Event
		over, answers := false, 0
		pong := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				if err := there.Wait(ctx); err != nil || over {
					return err
				}
				there.Clear()
				answers++
				back.Set()
			}
		})
		rounds := 0
		for b.Loop() {
			there.Set()
			if err := back.Wait(ctx); err != nil {
				return err
			}
			back.Clear()
			rounds++
		}
		if answers != rounds {
			return wrongCount(answers, rounds)
		}
		over = true
		there.Set()
		_, err := pong.Await(ctx)
		return err
	})
}

func eventPingPongGoroutine(b *testing.B) {
	channelPingPong(b, 0)
}

// channelPingPong is there and back over two channels of that many places.
func channelPingPong(b *testing.B, places int) {
	there, back := make(chan int, places), make(chan int, places)
	go func() {
		for n := range there {
			back <- n + 1
		}
	}()
	n, rounds := 0, 0
	for b.Loop() {
		there <- n
		n = <-back
		rounds++
	}
	close(there)
	if n != rounds {
		b.Fatal(wrongCount(n, rounds))
	}
}
