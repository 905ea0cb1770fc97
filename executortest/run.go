package executortest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// An Option of Run describes what the executor cannot do.
type Option func(*options)

type options struct {
	inProcess   bool
	local       bool
	hangTimeout time.Duration // a check hangs that makes no progress for so long
}

// InProcess declares that the executor runs functions in this process although it is not
// local. It encodes arguments and results, but cannot end a function that ignores its ctx.
func InProcess() Option {
	return func(o *options) { o.inProcess = true }
}

const hangTimeout = 30 * time.Second

// Run runs the checks as subtests of t. For each check it calls newExecutor with the t of the
// subtest, and closes the executor at the end. It fails t if newExecutor is nil or returns
// nil.
func Run(t *testing.T, newExecutor func(t *testing.T) asyncio.Executor, opts ...Option) {
	t.Helper()
	if newExecutor == nil {
		t.Fatal("executortest: Run: newExecutor must not be nil")
	}
	o := options{hangTimeout: hangTimeout}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	subtest := func(c check) {
		t.Helper()
		t.Run(c.name, func(t *testing.T) {
			exec := newExecutor(t)
			if exec == nil {
				t.Fatal("executortest: Run: newExecutor returned nil; want an executor")
			}
			o.local = exec.Local()
			if err := c.runOn(exec, o); err != nil {
				t.Error(err)
			}
		})
	}
	subtest(unused) // sets o.local
	for _, c := range checks {
		if c.applies == nil || c.applies(o) {
			subtest(c)
		}
	}
}

// A check is one subtest. Its run function returns an error if the executor breaks a rule.
type check struct {
	name    string
	run     func(ctx context.Context, k *kit) error
	applies func(o options) bool // nil: always
}

// A kit is the executor and the tools of a check.
type kit struct {
	options
	exec *recorder
	gate *gate
}

// runOn runs the check on a loop. Then it closes the executor in a goroutine without a loop,
// and checks for unfinished calls and leaked goroutines.
func (c check) runOn(exec asyncio.Executor, o options) error {
	before := goroutines()
	g, err := newGate()
	if err != nil {
		return err
	}
	k := &kit{options: o, exec: &recorder{inner: exec}, gate: g}
	err = k.onLoop(c.run)
	g.close() // releases functions that ignore their ctx
	closeErr := k.closeOff()
	if err != nil {
		k.exec.abort()
		return err
	}
	if closeErr != nil {
		return closeErr
	}
	if err := k.exec.checkFinished(); err != nil {
		return err
	}
	return awaitNoNewGoroutines(before, o.hangTimeout)
}

// loopOptions discard unhandled errors: the checks report them.
var loopOptions = []asyncio.Option{
	asyncio.WithName("executortest"), asyncio.WithPanicsAsErrors(), asyncio.WithErrorHandler(func(asyncio.Unhandled) {}),
}

// onLoop runs the check on a loop. If the check makes no progress for hangTimeout, onLoop
// releases all functions and calls, so that the check ends before the next test.
func (k *kit) onLoop(run func(ctx context.Context, k *kit) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	loop := asyncio.NewLoop(loopOptions...)
	ended := make(chan error, 1)
	go func() {
		ended <- loop.Run(ctx, func(ctx context.Context) error { return run(ctx, k) })
	}()
	for seen := -1; seen != k.exec.progress(); {
		seen = k.exec.progress()
		if err, ok := receive(ended, k.hangTimeout); ok {
			return err
		}
	}
	var dump strings.Builder
	if err := loop.Dump(&dump); err != nil {
		fmt.Fprintf(&dump, "no dump: %v", err)
	}
	cancel()
	k.gate.close()
	k.exec.abort()
	if _, ok := receive(ended, k.hangTimeout); !ok {
		return fmt.Errorf("the loop is blocked:\n%s", &dump)
	}
	return fmt.Errorf("the check hangs: Start was not called and did not return for %v:\n%s", k.hangTimeout, &dump)
}

// closeOff closes the executor in a goroutine without a loop. It ignores the error of Close if
// the check has called Close before.
func (k *kit) closeOff() error {
	first := !k.exec.closeCalled.Load()
	ctx, cancel := context.WithTimeout(context.Background(), k.hangTimeout)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- k.exec.Close(ctx) }()
	err, ok := receive(ended, 2*k.hangTimeout)
	switch {
	case !ok:
		return errors.New("Close in a goroutine without a loop did not return after the end of its ctx")
	case ctx.Err() != nil:
		return fmt.Errorf("Close did not return before the end of its ctx although no function runs; it returned: %v", err)
	case first && err != nil:
		return fmt.Errorf("Close of an idle executor: %w", err)
	}
	return nil
}

// receive receives an error. It returns false after atMost.
func receive(ch <-chan error, atMost time.Duration) (err error, ok bool) {
	timer := time.NewTimer(atMost)
	defer timer.Stop()
	select {
	case err := <-ch:
		return err, true
	case <-timer.C:
		return nil, false
	}
}
