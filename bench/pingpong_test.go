package bench

import (
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// BenchmarkFuturePingPong: one task asks, another answers, and each waits for
// the other through a future made for that round. One op is there and back.
// A goroutine asks over a channel that lasts and is answered on one made for
// the round, as is usual.
func BenchmarkFuturePingPong(b *testing.B) {
	b.Run("asyncio", futurePingPongAsyncio)
	b.Run("goroutine", futurePingPongGoroutine)
	b.Run("floor", futurePingPongFloor)
}

func futurePingPongAsyncio(b *testing.B) {
	onLoop(b, func(ctx context.Context) error {
		// Nil is the question that ends the game.
		question := asyncio.NewFuture[*asyncio.Future[int]](ctx)
		pong := asyncio.Go(ctx, func(ctx context.Context) error {
			for n := 1; ; n++ {
				answer, err := question.Await(ctx)
				if err != nil || answer == nil {
					return err
				}
				question = asyncio.NewFuture[*asyncio.Future[int]](ctx)
				answer.SetResult(n)
			}
		})
		rounds, got := 0, 0
		var err error
		for b.Loop() {
			answer := asyncio.NewFuture[int](ctx)
			question.SetResult(answer)
			if got, err = answer.Await(ctx); err != nil {
				return err
			}
			rounds++
		}
		question.SetResult(nil)
		if got != rounds {
			return wrongCount(got, rounds)
		}
		_, err = pong.Await(ctx)
		return err
	})
}

func futurePingPongGoroutine(b *testing.B) {
	questions := make(chan chan int, 1)
	go func() {
		n := 0
		for answer := range questions {
			n++
			answer <- n
		}
	}()
	rounds, got := 0, 0
	for b.Loop() {
		answer := make(chan int, 1)
		questions <- answer
		got = <-answer
		rounds++
	}
	close(questions)
	if got != rounds {
		b.Fatal(wrongCount(got, rounds))
	}
}

// futurePingPongFloor resumes two coroutines in turn: a round trip is two
// resumptions, however it is arranged.
func futurePingPongFloor(b *testing.B) {
	var r ring
	for range 2 {
		r.start(func(self *coroutine) {
			for range b.N {
				r.giveTurn(self)
			}
		})
	}
	b.ResetTimer()
	r.run()
}
