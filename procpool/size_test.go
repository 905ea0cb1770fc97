//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// huge returns a text of n bytes with a beginning and an end.
func huge(n int) string { return "begin " + strings.Repeat("x", n-len("begin  end")) + " end" }

// isShortened reports whether text contains a shortened text of huge.
func isShortened(text string) bool {
	return strings.Contains(text, "begin xxx") && strings.Contains(text, "xxx end") && strings.Contains(text, "bytes left out") && len(text) < 2<<20
}

// sendsText returns an error, panics, or reports progress, with a text of Size bytes.
var sendsText = asyncio.Register("procpool.test.sendsText", func(ctx context.Context, u textOrder) (string, error) {
	text := huge(u.Size)
	switch u.How {
	case "error":
		return "", fmt.Errorf("%s: %w", text, errBored)
	case "type":
		return "", errors.Join(errBored, errors.New(text))
	case "panic":
		panic(text)
	case "panic with an error":
		panic(fmt.Errorf("%s: %w", text, errBored))
	case "wrapped panic":
		return "", fmt.Errorf("%s: %w", text, &asyncio.PanicError{Value: text, Stack: []byte(text)})
	case "goroutine":
		go panic(text)
		select {}
	case "note":
		asyncio.Progress(ctx, 1, 1, text)
		return "noted", nil
	}
	asyncio.Progress(ctx, 1, 1, "waits")
	<-ctx.Done()
	return fmt.Sprint(errors.Is(context.Cause(ctx), errBored), " ", context.Cause(ctx)), nil
})

type textOrder struct {
	How  string
	Size int
}

// TestTextsOfAnySize: a worker survives a text of any size. A long text arrives shortened, with a
// note. errors.Is gives the same result as for a short text.
func TestTextsOfAnySize(t *testing.T) {
	for _, limit := range []int64{1000, 0} {
		for _, size := range []int{1 << 10, 100 << 10, 1 << 20, 1<<20 + 1, 5 << 20} {
			t.Run(fmt.Sprintf("MaxMessage %d/%d", limit, size), func(t *testing.T) {
				onPool(t, procpool.Options{Workers: 1, MaxMessage: limit}, func(ctx context.Context, pool *procpool.Pool) {
					for _, how := range []string{"error", "type", "panic with an error", "panic", "wrapped panic"} {
						checkText(ctx, t, pool, textOrder{how, size})
					}
					note := ""
					got, err := sendsText.Call(ctx, pool, textOrder{"note", size}, asyncio.OnProgress(func(_, _ int64, n string) { note = n }))
					if got != "noted" || err != nil || note != huge(size) && !isShortened(note) {
						t.Errorf("a note: %q, %v; %d bytes arrived: %.40q", got, err, len(note), note)
					}
					if s := pool.Stats(); s.Crashed != 0 || s.Failed != 5 {
						t.Errorf("Crashed %d, Failed %d; want 0, 5", s.Crashed, s.Failed)
					}
				})
			})
		}
	}
}

// checkText calls sendsText and checks the text of its error.
func checkText(ctx context.Context, t *testing.T, pool *procpool.Pool, u textOrder) {
	t.Helper()
	_, err := sendsText.Call(ctx, pool, u)
	var p *asyncio.PanicError
	if isPanic := strings.Contains(u.How, "panic"); err == nil || errors.As(err, &p) != isPanic {
		t.Errorf("%s: error %.100v", u.How, err)
		return
	}
	if is := !strings.HasSuffix(u.How, "panic"); errors.Is(err, errBored) != is {
		t.Errorf("%s: errors.Is: %v; want %v", u.How, !is, is)
	}
	if text := err.Error(); !strings.Contains(text, huge(u.Size)) && !isShortened(text) {
		t.Errorf("%s: a text of %d bytes arrived as %d: %.40q", u.How, u.Size, len(text), text)
	}
}

// TestCausesOfAnySize cancels calls with causes of all sizes. errors.Is finds the cause in the
// function, and the worker stays alive.
func TestCausesOfAnySize(t *testing.T) {
	for _, size := range []int{1 << 10, 100 << 10, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20} {
		onPool(t, procpool.Options{Workers: 1, MaxMessage: 5 << 20}, func(ctx context.Context, pool *procpool.Pool) {
			for _, what := range []string{"running", "just sent"} {
				began := asyncio.NewFuture[struct{}](ctx)
				var got string
				var callErr error
				call := asyncio.Go(ctx, func(ctx context.Context) error {
					got, callErr = sendsText.Call(ctx, pool, textOrder{"cause", size}, asyncio.OnProgress(func(int64, int64, string) { began.SetResult(struct{}{}) }))
					return nil
				})
				if what == "running" {
					if _, err := began.Await(ctx); err != nil {
						t.Error(err)
					}
				} else {
					until(ctx, t, "the call is sent", func() bool { w := pool.Stats().Workers; return len(w) == 1 && w[0].State == "busy" })
				}
				call.Cancel(fmt.Errorf("%s: %w", huge(size), errBored))
				call.Await(ctx)
				if text := strings.TrimPrefix(got, "true "); callErr != nil || text == got || !strings.Contains(text, huge(size)) && !isShortened(text) {
					t.Errorf("%s, %d bytes: %d bytes arrived: %.40q, %v", what, size, len(got), got, callErr)
				}
			}
			if s := pool.Stats(); s.Started != 1 || s.Crashed != 0 {
				t.Errorf("%d bytes: Started %d, Crashed %d; want 1, 0", size, s.Started, s.Crashed)
			}
		})
	}
}

// hugeInit returns an error with a text. An environment variable has the size.
func hugeInit(context.Context) error {
	var n int
	fmt.Sscan(os.Getenv("PROCPOOL_TEST_SIZE"), &n)
	return errors.New(huge(n))
}

// TestInitErrorsOfAnySize: a worker that cannot start reports the error of Init, at any length.
func TestInitErrorsOfAnySize(t *testing.T) {
	for _, size := range []int{1 << 10, 63 << 10, 64 << 10, 1 << 20, 3 << 20} {
		o := procpool.Options{Workers: 1, Init: hugeInit, Env: []string{fmt.Sprint("PROCPOOL_TEST_SIZE=", size)}}
		onPool(t, o, func(ctx context.Context, pool *procpool.Pool) {
			_, err := square.Call(ctx, pool, 1)
			var start *procpool.StartError
			if !errors.As(err, &start) {
				t.Errorf("%d bytes: error %.100v; want a *StartError", size, err)
				return
			}
			text := start.Err.Error()
			if !strings.HasPrefix(strings.TrimPrefix(text, "the worker cannot start: "), "Options.Init: begin xxx") || !strings.Contains(text, huge(size)) && !isShortened(text) {
				t.Errorf("%d bytes: %d bytes arrived: %.100q", size, len(text), text)
			}
		})
	}
}

// TestCrashReportsOfAnySize: a panic in a goroutine, with a long value, is reported as a panic.
func TestCrashReportsOfAnySize(t *testing.T) {
	for _, size := range []int{1 << 10, 60 << 10, 70 << 10, 100 << 10, 130 << 10, 200 << 10, 3 << 20} {
		onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
			_, err := sendsText.Call(ctx, pool, textOrder{"goroutine", size})
			var c *procpool.WorkerCrash
			if !errors.As(err, &c) || !strings.HasPrefix(c.Reason, "panic in a goroutine that the function started: begin xxx") || c.ExitCode != 2 ||
				!strings.HasPrefix(c.Stack, "panic: begin xxx") || !strings.Contains(c.Stack, "\ngoroutine ") || len(c.Reason) > 8<<10 || len(c.StderrTail) > 64<<10 {
				t.Errorf("%d bytes: error %.100v", size, err)
			}
			if c != nil && size > 8<<10 && !strings.HasSuffix(c.Reason, "xxx [...]") {
				t.Errorf("%d bytes: the reason has %d and does not end with [...]", size, len(c.Reason))
			}
		})
	}
}
