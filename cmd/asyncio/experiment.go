package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/asyncio-go/asyncio"
)

// An experiment is a heartbeat and, beside it on the same loop, a computation.
type experiment struct {
	n        int64         // iterations of one computation
	jobs     int           // computations at once
	interval time.Duration // between two ticks
	lead     time.Duration // of heartbeat alone, before and after
}

// run is the experiment as a coroutine: it lets the heartbeat beat alone, has
// the remedy compute, lets the heartbeat beat alone again, and cancels it. What
// happens is left in rec.
func (e experiment) run(ctx context.Context, r remedy, rec *recorder) (err error) {
	compute, done, err := r.open(e.jobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done(ctx)) }()
	heart := asyncio.Go(ctx, func(ctx context.Context) error {
		return heartbeat(ctx, e.interval, rec.tick)
	}, asyncio.Name("heartbeat"))

	if err := asyncio.Sleep(ctx, e.lead); err != nil {
		return err
	}
	job := asyncio.Coro(compute, e.n)
	rec.computing()
	sums, err := asyncio.Gather(ctx, slices.Repeat([]asyncio.Coroutine[int64]{job}, e.jobs)...)
	if err != nil {
		return err
	}
	rec.computed(sums)
	if err := asyncio.Sleep(ctx, e.lead); err != nil {
		return err
	}

	rec.end()
	heart.Cancel(errors.New("the experiment is over"))
	if _, err := heart.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
		return err
	}
	return nil
}

// heartbeat ticks at once and then after every interval, until it is cancelled.
// It knows nothing of the computation: it is any other task of the program.
func heartbeat(ctx context.Context, interval time.Duration, tick func()) error {
	for {
		tick()
		if err := asyncio.Sleep(ctx, interval); err != nil {
			return err
		}
	}
}
