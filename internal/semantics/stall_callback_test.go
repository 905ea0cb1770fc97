package semantics_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

func napping() { time.Sleep(short) }

type napper struct{ d time.Duration }

func (n napper) nap() { time.Sleep(n.d) }

// above is the place of the line before the call's.
func above() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", filepath.Base(file), line-1)
}

// A stall in a callback names the function and the call that registered it. The advice is one
// that a callback can follow.
func TestStall_InACallbackItsFunctionAndSiteAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		fn       string // the end of the name of the function
		register func(ctx context.Context, l *asyncio.Loop) (site string)
		opts     []asyncio.Option
	}{
		"CallSoon": {fn: "_test.napping", register: func(_ context.Context, l *asyncio.Loop) string {
			l.CallSoon(napping)
			return above()
		}},
		"CallSoon with a literal": {fn: ".1", register: func(_ context.Context, l *asyncio.Loop) string {
			l.CallSoon(func() { time.Sleep(short) })
			return above()
		}},
		"CallLater with a method": {fn: ".napper.nap", register: func(_ context.Context, l *asyncio.Loop) string {
			l.CallLater(time.Millisecond, napper{short}.nap)
			return above()
		}},
		"CallAt": {fn: "_test.napping", register: func(_ context.Context, l *asyncio.Loop) string {
			l.CallAt(l.Now().Add(time.Millisecond), napping)
			return above()
		}},
		"CallSoonThreadsafe": {fn: "_test.napping", register: func(_ context.Context, l *asyncio.Loop) string {
			l.CallSoonThreadsafe(napping)
			return above()
		}},
		"CallSoonThreadsafe in a thread": {fn: "_test.napping", register: func(ctx context.Context, l *asyncio.Loop) string {
			site, _ := asyncio.ToThread(ctx, func(context.Context) (string, error) {
				l.CallSoonThreadsafe(napping)
				return above(), nil
			})
			return site
		}},
		"Task.OnDone": {fn: "_test.napping", register: func(ctx context.Context, _ *asyncio.Loop) string {
			task := asyncio.Go(ctx, func(context.Context) error { return nil })
			task.OnDone(napping)
			return above()
		}},
		"OnDone of a task that has ended": {fn: "_test.napping", register: func(ctx context.Context, _ *asyncio.Loop) string {
			task := asyncio.Go(ctx, func(context.Context) error { return nil })
			task.Await(ctx)
			task.OnDone(napping)
			return above()
		}},
		"Future.OnDone": {fn: "_test.napping", register: func(ctx context.Context, _ *asyncio.Loop) string {
			f := asyncio.NewFuture[int](ctx)
			defer f.SetResult(1)
			f.OnDone(napping)
			return above()
		}},
		"after another callback": {fn: "_test.napping", register: func(_ context.Context, l *asyncio.Loop) string {
			l.CallSoon(func() {})
			defer l.CallSoon(func() {})
			l.CallSoon(napping)
			return above()
		}},
		"an error handler": {fn: ".napper.handle", register: func(ctx context.Context, _ *asyncio.Loop) string {
			asyncio.Go(ctx, func(context.Context) error { return errBroken }) // reported when the loop ends
			return ""
		}, opts: []asyncio.Option{asyncio.WithErrorHandler(napper{short}.handle)}},
	} {
		t.Run(name, func(t *testing.T) {
			var reports []asyncio.Stall
			var site string
			inBubble(t, func(ctx context.Context, t *testing.T) {
				site = c.register(ctx, asyncio.LoopOf(ctx))
				asyncio.Sleep(ctx, time.Second)
			}, append(c.opts, asyncio.WithStallHandler(func(s asyncio.Stall) { reports = append(reports, s) }))...)
			if len(reports) != 2 || !reports[1].Ended {
				t.Fatalf("the reports are %v, want one during the stall and one at its end", reports)
			}
			for _, s := range reports {
				if s.Task != nil || !strings.HasPrefix(s.TaskName, "callback ") || !strings.HasSuffix(s.TaskName, c.fn) || filepath.Base(s.Created) != site && (site != "" || s.Created != "") {
					t.Errorf("by %q, created at %q: want the function ...%s, at %s", s.TaskName, s.Created, c.fn, site)
				}
				if !strings.Contains(s.Advice, "asyncio.Go(ctx, ...)") {
					t.Errorf("the advice is %q, want a task", s.Advice)
				}
			}
			if reports[0].Line == 0 {
				t.Error("the report has no line")
			}
		})
	}
}

func (n napper) handle(asyncio.Unhandled) { n.nap() }

// A task that blocks after a callback of its turn is not taken for it.
func TestStall_OfATaskAfterACallback(t *testing.T) {
	var reports []asyncio.Stall
	inBubble(t, func(ctx context.Context, t *testing.T) {
		asyncio.LoopOf(ctx).CallSoon(func() {})
		task := asyncio.Go(ctx, func(context.Context) error { napping(); return nil }, asyncio.Name("the culprit"))
		task.Await(ctx)
		asyncio.Sleep(ctx, time.Second)
	}, asyncio.WithStallHandler(func(s asyncio.Stall) { reports = append(reports, s) }))
	for _, s := range reports {
		if s.TaskName != "the culprit" || s.Task == nil || strings.Contains(s.Advice, "asyncio.Go") {
			t.Errorf("%v", s)
		}
	}
	if len(reports) != 2 {
		t.Errorf("%d reports, want 2", len(reports))
	}
}

// A task whose name begins like a callback's is a task in the text of its report.
func TestStall_ATaskThatIsNamedCallback(t *testing.T) {
	for _, name := range []string{"callback", "callback pay", "callbacks"} {
		var reports []asyncio.Stall
		inBubble(t, func(ctx context.Context, t *testing.T) {
			asyncio.Go(ctx, func(context.Context) error { time.Sleep(short); return nil }, asyncio.Name(name)).Await(ctx)
			asyncio.Sleep(ctx, time.Second)
		}, asyncio.WithStallHandler(func(s asyncio.Stall) { reports = append(reports, s) }))
		for _, s := range reports {
			if want := fmt.Sprintf("task %q ", name); !strings.Contains(s.String(), want) || !strings.Contains(s.String(), "created at ") {
				t.Errorf("no %q in\n%v", want, s)
			}
		}
		if len(reports) != 2 {
			t.Errorf("%d reports, want 2", len(reports))
		}
	}
}
