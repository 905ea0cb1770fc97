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

// An Option tells Run what the executor cannot do.
type Option func(*options)

type options struct {
	inProcess bool
	local     bool
	guard     time.Duration // a check hangs that makes no progress for so long
}

// InProcess says that the executor runs functions in this process although it is
// not local: it encodes what it passes, but cannot end a function by force.
func InProcess() Option {
	return func(o *options) { o.inProcess = true }
}

const guard = 30 * time.Second

// Run runs the checks as subtests of t, each against an executor of its own from
// newExecutor, which Run closes. The t given to newExecutor is the subtest's.
func Run(t *testing.T, newExecutor func(t *testing.T) asyncio.Executor, opts ...Option) {
	t.Helper()
	if newExecutor == nil {
		t.Fatal("executortest: Run: newExecutor must not be nil")
	}
	o := options{guard: guard}
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
			if err := c.against(exec, o); err != nil {
				t.Error(err)
			}
		})
	}
	subtest(unused) // it tells whether the executor is local
	for _, c := range checks {
		if c.applies == nil || c.applies(o) {
			subtest(c)
		}
	}
}

// A check is one subtest. It returns what is wrong, and leaves it to against to
// close the executor and to look for what is left.
type check struct {
	name    string
	run     func(ctx context.Context, k *kit) error
	applies func(o options) bool // nil: always
}

// kit is what a check works with.
type kit struct {
	options
	exec *recorder
	gate *gate
}

// against runs the check on a loop, closes the executor off the loop, and looks
// for calls that were not finished and goroutines that were not ended.
func (c check) against(exec asyncio.Executor, o options) error {
	before := goroutines()
	g, err := newGate()
	if err != nil {
		return err
	}
	k := &kit{options: o, exec: &recorder{inner: exec}, gate: g}
	err = k.onLoop(c.run)
	g.close() // lets functions return that do not watch their ctx
	closeErr := k.closeOff()
	if err != nil {
		k.exec.abort()
		return err
	}
	if closeErr != nil {
		return closeErr
	}
	if err := k.exec.verdict(); err != nil {
		return err
	}
	return leftOf(before, o.guard)
}

// loopOptions leave it to Run to tell of errors that nobody received.
var loopOptions = []asyncio.Option{
	asyncio.WithName("executortest"), asyncio.WithPanicsAsErrors(), asyncio.WithErrorHandler(func(asyncio.Unhandled) {}),
}

// onLoop runs the check. If it hangs, everything is done to get it going again,
// so that the tests after it are not disturbed.
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
		if err, ok := receive(ended, k.guard); ok {
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
	if _, ok := receive(ended, k.guard); !ok {
		return fmt.Errorf("the loop is blocked for ever:\n%s", &dump)
	}
	return fmt.Errorf("it hangs: Start was neither called nor returned for %v:\n%s", k.guard, &dump)
}

// closeOff closes the executor from a goroutine without a loop. A check may have
// done so before, and then knows what Close returns.
func (k *kit) closeOff() error {
	first := !k.exec.closing.Load()
	ctx, cancel := context.WithTimeout(context.Background(), k.guard)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- k.exec.Close(ctx) }()
	err, ok := receive(ended, 2*k.guard)
	switch {
	case !ok:
		return errors.New("Close, off the loop, does not return even when its ctx has ended")
	case ctx.Err() != nil:
		return fmt.Errorf("Close hangs while no function runs; when its ctx had ended it returned: %v", err)
	case first && err != nil:
		return fmt.Errorf("Close of an executor that runs nothing: %w", err)
	}
	return nil
}

// receive waits, but not for ever.
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
