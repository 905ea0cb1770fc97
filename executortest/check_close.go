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

// closeDrains closes the executor, on the loop and off it, while functions run and
// calls wait.
func closeDrains(ctx context.Context, k *kit) error {
	calls, err := k.fill(ctx)
	if err != nil {
		return err
	}
	for i := range 5 {
		calls = append(calls, holds.Submit(ctx, k.exec, k.gate.arg(fmt.Sprint("waiting ", i))))
	}
	if err := turns(ctx); err != nil {
		return err
	}
	onLoop := asyncio.Go(ctx, k.exec.Close)
	offLoop := make(chan error, 1)
	go func() {
		closeCtx, cancel := context.WithTimeout(context.Background(), 2*k.guard)
		defer cancel()
		offLoop <- k.exec.Close(closeCtx)
	}()
	if err := turns(ctx); err != nil {
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
		accepted, startErr := k.exec.answer(i)
		if accepted && err != nil {
			return fmt.Errorf("call %d was accepted before Close, and gave the error %w", i, err)
		}
		if !accepted {
			if err := refused(fmt.Sprintf("Start of call %d, which waited at Close,", i), startErr); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeEndedCtx closes with a ctx that has ended: functions are told to return.
func closeEndedCtx(ctx context.Context, k *kit) error {
	calls, err := k.fill(ctx)
	if err != nil {
		return err
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_ = k.exec.Close(ended) // nothing needs force, so that there may be nothing to tell
	for i, call := range calls {
		if s, err := call.Await(ctx); err == nil && s.Err == "" {
			return fmt.Errorf("call %d was not cancelled by Close with a ctx that has ended: %+v", i, s)
		}
	}
	_, err = double.Call(ctx, k.exec, 1)
	return refused("a call afterwards", err)
}

// closeIgnored closes with a ctx that has ended while a function does not look at
// its own. What cannot be ended by force is let go by the gate.
func closeIgnored(ctx context.Context, k *kit) error {
	call := holds.Submit(ctx, k.exec, k.gate.deaf("deaf"))
	if err := k.gate.begun(ctx, "deaf"); err != nil {
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
		return errors.New("Close with a ctx that has ended returned nil, though a function ignored it; want an error that names the function")
	}
	if !endsByForce(k.options) {
		k.gate.open()
		_, _ = call.Await(ctx) // its own result, or that it was given up
		return nil
	}
	if s, err := call.Await(ctx); err == nil {
		return fmt.Errorf("a function that was ended by force gave %+v and no error", s)
	}
	return nil
}

func closeTwice(ctx context.Context, k *kit) error {
	if err := k.works(ctx); err != nil {
		return err
	}
	for _, which := range []string{"first", "second"} {
		if err := k.exec.Close(ctx); err != nil {
			return fmt.Errorf("the %s Close of an executor that runs nothing: %w", which, err)
		}
	}
	return nil
}

func closeRefuses(ctx context.Context, k *kit) error {
	if err := k.works(ctx); err != nil {
		return err
	}
	if err := k.exec.Close(ctx); err != nil {
		return fmt.Errorf("Close of an executor that runs nothing: %w", err)
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
		if _, err := k.exec.answer(i + 1); !errors.Is(err, asyncio.ErrExecutorClosed) {
			return fmt.Errorf("Start after Close returned %v; want ErrExecutorClosed", err)
		}
	}
	return nil
}
