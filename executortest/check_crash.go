package executortest

import (
	"context"
	"errors"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

var crashChecks = []check{
	{name: "Crash", run: crash, applies: endsByForce},
	{name: "CrashInMap", run: crashInMap, applies: endsByForce},
}

// lost returns nil if the error has a method Lost that returns true.
func lost(what string, err error) error {
	var e interface{ Lost() bool }
	if !errors.As(err, &e) || !e.Lost() {
		return fmt.Errorf("%s returned the error %v, of type %T; want one whose method Lost returns true", what, err, err)
	}
	return nil
}

// crash ends worker processes. Only the call that ended the process fails.
func crash(ctx context.Context, k *kit) error {
	var other *asyncio.Task[stopped]
	if k.exec.Workers() > 1 {
		other = holds.Submit(ctx, k.exec, k.gate.arg("other"))
		if err := k.gate.begun(ctx, "other"); err != nil {
			return err
		}
	}
	for what, how := range map[string]int{"os.Exit": dieByExit, "a panic in another goroutine": dieByPanic} {
		_, err := dies.Call(ctx, k.exec, how)
		if err := lost(what, err); err != nil {
			return err
		}
		if err := k.checkWorks(ctx); err != nil {
			return err
		}
	}
	k.gate.open()
	if other != nil {
		return released(ctx, other)
	}
	return nil
}

// crashInMap ends the worker process in one element of a chunk. Only that element fails.
func crashInMap(ctx context.Context, k *kit) error {
	args := func(yield func(int) bool) {
		for n := range 8 {
			if n == 2 {
				n = dieByExit
			}
			if !yield(n) {
				return
			}
		}
	}
	n := 0
	for got, err := range dies.Map(ctx, k.exec, args, asyncio.ChunkSize(4)) {
		switch {
		case n == 2:
			if err := lost("the element that calls os.Exit", err); err != nil {
				return err
			}
		case err != nil || got != n:
			return fmt.Errorf("element %d, in a chunk with one that ends the process, returned %d, %v", n, got, err)
		}
		n++
	}
	if n != 8 {
		return fmt.Errorf("%d results; want 8", n)
	}
	return k.checkWorks(ctx)
}
