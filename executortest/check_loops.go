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

// another runs main on a loop of its own, in a goroutine.
func another(main func(ctx context.Context) error) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- asyncio.Run(context.Background(), main, loopOptions...) }()
	return ended
}

// join waits for its end.
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
	other := another(func(ctx context.Context) error { return manyCalls(ctx, k) })
	if err := manyCalls(ctx, k); err != nil {
		return err
	}
	return join(ctx, other)
}

// loopEnds has loops end whose calls run, or wait behind those of another loop.
func loopEnds(ctx context.Context, k *kit) error {
	running := another(func(ctx context.Context) error {
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
	queued := another(func(ctx context.Context) error {
		holds.Submit(ctx, k.exec, k.gate.arg("left queued"))
		return turns(ctx)
	})
	if err := join(ctx, queued); err != nil {
		return err
	}
	k.gate.open()
	if err := released(ctx, held...); err != nil {
		return err
	}
	return k.works(ctx)
}
