package main

import (
	"context"
	"errors"
	"time"

	"github.com/asyncio-go/asyncio"
)

// weigh weighs a packet, by a driver that blocks: it is called in a thread.
func (s *shop) weigh(ctx context.Context, text string) error {
	_, err := asyncio.ToThread(ctx, s.world.scale)
	return err
}

const shelves = 600

// inventory has the boxes of all shelves weighed at once. In the illness, the scale in
// the cellar does not answer.
func (s *shop) inventory(ctx context.Context) error {
	few := asyncio.NewLimiter(16)
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range shelves {
			asyncio.Go(ctx, func(ctx context.Context) error { return s.weighBox(ctx, few) })
		}
		return nil
	})
}

func (s *shop) weighBox(ctx context.Context, few *asyncio.Limiter) error {
	scale := s.world.scale
	if s.ill == "threads" {
		scale = s.world.brokenScale
	}
	if s.sick("threads") {
		_, err := asyncio.ToThread(ctx, scale) // as many at once as the loop has threads for, and without a limit in time
		return err
	}
	limited, cancel := asyncio.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err := asyncio.ToThread(limited, scale, asyncio.Via(few))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // no weight today
	}
	return err
}
