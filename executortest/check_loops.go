package executortest

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

var loopChecks = []check{
	{name: "TwoLoops", run: twoLoops},
	{name: "LoopEnds", run: loopEnds},
}

// runLoop runs main on another loop, in a goroutine.
func runLoop(main func(ctx context.Context) error) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- asyncio.Run(context.Background(), main, loopOptions...) }()
	return ended
}

// join waits for the end of the other loop.
func join(ctx context.Context, loop <-chan error) error {
	err, _, ctxErr := asyncio.Recv(ctx, loop)
	if err == nil {
		err = ctxErr
	}
	if err != nil {
		return fmt.Errorf("on another loop: %w", err)
	}
	return nil
}

func twoLoops(ctx context.Context, k *kit) error {
	other := runLoop(func(ctx context.Context) error { return manyCalls(ctx, k) })
	if err := manyCalls(ctx, k); err != nil {
		return err
	}
	return join(ctx, other)
}

// loopEnds ends loops that have a running or a queued call. Calls of another loop are not affected.
func loopEnds(ctx context.Context, k *kit) error {
	running := runLoop(func(ctx context.Context) error {
		holds.Submit(ctx, k.exec, k.gate.arg("left running"))
		return k.gate.begun(ctx, "left running")
	})
	if err := join(ctx, running); err != nil {
		return err
	}
	held, err := k.fill(ctx)
	if err != nil {
		return err
	}
	queued := runLoop(func(ctx context.Context) error {
		holds.Submit(ctx, k.exec, k.gate.arg("left queued"))
		return yieldLoop(ctx)
	})
	if err := join(ctx, queued); err != nil {
		return err
	}
	k.gate.open()
	if err := released(ctx, held...); err != nil {
		return err
	}
	return k.checkWorks(ctx)
}
