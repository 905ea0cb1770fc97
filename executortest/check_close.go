package executortest

import (
	"context"
	"errors"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

var closeChecks = []check{
	{name: "CloseDrains", run: closeDrains},
	{name: "CloseEndedCtx", run: closeEndedCtx},
	{name: "CloseIgnored", run: closeIgnored},
	{name: "CloseTwice", run: closeTwice},
	{name: "CloseRefuses", run: closeRefuses},
}

// closeDrains calls Close on the loop and in a goroutine, while functions run and calls wait.
func closeDrains(ctx context.Context, k *kit) error {
	calls, err := k.fill(ctx)
	if err != nil {
		return err
	}
	for i := range 5 {
		calls = append(calls, holds.Submit(ctx, k.exec, k.gate.arg(fmt.Sprint("waiting ", i))))
	}
	if err := yieldLoop(ctx); err != nil {
		return err
	}
	onLoop := asyncio.Go(ctx, k.exec.Close)
	offLoop := make(chan error, 1)
	go func() {
		closeCtx, cancel := context.WithTimeout(context.Background(), 2*k.hangTimeout)
		defer cancel()
		offLoop <- k.exec.Close(closeCtx)
	}()
	if err := yieldLoop(ctx); err != nil {
		return err
	}
	if !errors.Is(onLoop.Err(), asyncio.ErrNotDone) || len(offLoop) > 0 {
		return errors.New("Close returned while functions ran")
	}
	k.gate.open()
	if _, err := onLoop.Await(ctx); err != nil {
		return fmt.Errorf("Close: %w", err)
	}
	if err, _, ctxErr := asyncio.Recv(ctx, offLoop); err != nil || ctxErr != nil {
		return fmt.Errorf("Close off the loop: %w", errors.Join(err, ctxErr))
	}
	for i, call := range calls {
		_, err := call.Await(ctx)
		accepted, startErr := k.exec.startResult(i)
		if accepted && err != nil {
			return fmt.Errorf("call %d was accepted before Close, but returned the error %w", i, err)
		}
		if !accepted {
			if err := refused(fmt.Sprintf("Start of call %d, which waited at Close,", i), startErr); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeEndedCtx calls Close with a ctx that has ended. Close cancels the functions.
func closeEndedCtx(ctx context.Context, k *kit) error {
	calls, err := k.fill(ctx)
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_ = k.exec.Close(ended) // may be nil, because no function is ended by force
	for i, call := range calls {
		if s, err := call.Await(ctx); err == nil && s.Err == "" {
			return fmt.Errorf("call %d was not cancelled by Close with a ctx that has ended: %+v", i, s)
		}
	}
	_, err = double.Call(ctx, k.exec, 1)
	return refused("the next call", err)
}

// closeIgnored calls Close with a ctx that has ended, while a function ignores its ctx. The gate
// releases a function that cannot be ended by force.
func closeIgnored(ctx context.Context, k *kit) error {
	call := holds.Submit(ctx, k.exec, k.gate.ignoringArg("ignoring"))
	if err := k.gate.begun(ctx, "ignoring"); err != nil {
		return err
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	offLoop := make(chan error, 1)
	go func() { offLoop <- k.exec.Close(ended) }()
	closeErr, _, err := asyncio.Recv(ctx, offLoop)
	if err != nil {
		return fmt.Errorf("waiting for Close with a ctx that has ended: %w", err)
	}
	if closeErr == nil {
		return errors.New("Close with a ctx that has ended returned nil, although a function ignored its cancellation; want an error that names the function")
	}
	if !endsByForce(k.options) {
		k.gate.open()
		_, _ = call.Await(ctx) // the result, or the error of an abandoned call
		return nil
	}
	if s, err := call.Await(ctx); err == nil {
		return fmt.Errorf("a function that was ended by force returned %+v and no error", s)
	}
	return nil
}

func closeTwice(ctx context.Context, k *kit) error {
	if err := k.checkWorks(ctx); err != nil {
		return err
	}
	for _, which := range []string{"first", "second"} {
		if err := k.exec.Close(ctx); err != nil {
			return fmt.Errorf("the %s Close of an idle executor: %w", which, err)
		}
	}
	return nil
}

func closeRefuses(ctx context.Context, k *kit) error {
	if err := k.checkWorks(ctx); err != nil {
		return err
	}
	if err := k.exec.Close(ctx); err != nil {
		return fmt.Errorf("Close of an idle executor: %w", err)
	}
	_, err := double.Call(ctx, k.exec, 1)
	if err := refused("Call after Close", err); err != nil {
		return err
	}
	_, err = double.Submit(ctx, k.exec, 1).Await(ctx)
	if err := refused("Submit after Close", err); err != nil {
		return err
	}
	for _, err := range double.Map(ctx, k.exec, upTo(3)) {
		if err := refused("an element of Map after Close", err); err != nil {
			return err
		}
	}
	for i := range k.exec.calls[1:] {
		if _, err := k.exec.startResult(i + 1); !errors.Is(err, asyncio.ErrExecutorClosed) {
			return fmt.Errorf("Start after Close returned %v; want ErrExecutorClosed", err)
		}
	}
	return nil
}
