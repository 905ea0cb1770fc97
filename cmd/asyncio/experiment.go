package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// An experiment is a heartbeat and, on the same loop, a computation.
type experiment struct {
	n        int64            // iterations of one computation
	jobs     int              // concurrent computations
	interval time.Duration    // between two ticks
	lead     time.Duration    // the time of the heartbeat without a computation, before and after it
	loops    []asyncio.Option // the options of the loops of the heartbeat and the client
}

// run is the coroutine of the experiment. It runs the heartbeat alone, then the computation with
// the remedy, then the heartbeat alone, and cancels the heartbeat. It records the trace in rec.
func (e experiment) run(ctx context.Context, r remedy, rec *recorder) (err error) {
	compute, done, err := r.open(e.jobs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done(ctx)) }()
	disconnect, err := e.connect(ctx, rec)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disconnect(ctx)) }()
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

// connect starts a server on the loop, and a client, until disconnect is called.
func (e experiment) connect(ctx context.Context, rec *recorder) (disconnect func(ctx context.Context) error, err error) {
	listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := asyncio.Go(ctx, func(ctx context.Context) error { return serve(ctx, listener) }, asyncio.Name("server"))
	client := asyncio.Go(ctx, func(ctx context.Context) error {
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, asyncio.Run(ctx, func(ctx context.Context) error {
				return ask(ctx, listener.Addr().String(), rec)
			}, e.loops...)
		})
		return err
	}, asyncio.Name("client"))
	return func(ctx context.Context) error {
		client.Cancel(nil)
		_, err := client.Await(ctx)
		if errors.Is(err, asyncio.ErrTaskCancelled) {
			err = nil
		}
		listener.Close()
		_, served := server.Await(ctx) // the handlers end when the client has disconnected
		return errors.Join(err, served)
	}, nil
}

// heartbeat ticks at once, and then after every interval, until ctx is cancelled.
func heartbeat(ctx context.Context, interval time.Duration, tick func()) error {
	for {
		tick()
		if err := asyncio.Sleep(ctx, interval); err != nil {
			return err
		}
	}
}
