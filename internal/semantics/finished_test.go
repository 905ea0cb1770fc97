package semantics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A dump lists the last tasks that failed and those that had a slow step, also when their handles are gone.
func TestFinishedTasks(t *testing.T) {
	inBubble(t, func(ctx context.Context, t *testing.T) {
		run := func(name string, fn func(ctx context.Context) error) {
			task := asyncio.Go(ctx, fn, asyncio.Name(name))
			task.Await(ctx)
			asyncio.Sleep(ctx, time.Second)
		}
		run("quick", func(context.Context) error { return nil })
		run("broken", func(context.Context) error { return errors.New("no\nroute") })
		run("panicking", func(context.Context) error { return panicsInError{} })
		run("slow at last", func(context.Context) error { time.Sleep(time.Minute); return nil })
		run("slow before", func(ctx context.Context) error { time.Sleep(2 * time.Second); return asyncio.Sleep(ctx, time.Second) })
		run("slow and broken", func(ctx context.Context) error { time.Sleep(90 * time.Second); return errors.New("late") })
		run("slow, then broken", func(ctx context.Context) error {
			time.Sleep(3 * time.Second)
			asyncio.Sleep(ctx, time.Second)
			return errors.New("later")
		})
		cancelled := asyncio.Go(ctx, func(ctx context.Context) error {
			time.Sleep(5 * time.Second)
			return asyncio.Sleep(ctx, time.Hour)
		}, asyncio.Name("slow, then cancelled"))
		asyncio.Sleep(ctx, time.Minute)
		cancelled.Cancel(errWhy)
		cancelled.Await(ctx)
		var b bytes.Buffer
		if err := asyncio.LoopOf(ctx).Dump(&b); err != nil {
			t.Fatal(err)
		}
		got := ""
		for line := range strings.Lines(b.String()) {
			if regexp.MustCompile(`^  (failed|succeeded|cancelled|panicked) .* ago: `).MatchString(line) {
				got += regexp.MustCompile(`created at \S+/(\w+\.go):\d+`).ReplaceAllString(line, "at $1")
			}
		}
		got = regexp.MustCompile(` ago: #\d+|\d\d ms`).ReplaceAllString(got, "")
		got = regexp.MustCompile(`(\d+\.\d) s|(\d) min \d+ s|(\d\.\d)\d s`).ReplaceAllString(got, "$1$2$3")
		for _, want := range []string{
			`"slow, then broken", at finished_test.go, longest step 3.0: "later"`, `"slow and broken", at finished_test.go, longest step 1: "late"`,
			`"panicking", at finished_test.go: "semantics_test.panicsInError"`, `"broken", at finished_test.go: "no\nroute"`,
			`cancelled 0 µs "slow, then cancelled", at finished_test.go, longest step 5.0`, `"slow before", at finished_test.go, longest step 2.0`,
			`"slow at last", at finished_test.go, longest step 60.0`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("the dump lacks %s:\n%s\n%s", want, got, &b)
			}
		}
		if strings.Count(got, "\n") != 7 {
			t.Errorf("the dump lists %d tasks that have ended, want 7:\n%s", strings.Count(got, "\n"), got)
		}
	})
}

type panicsInError struct{}

func (panicsInError) Error() string { panic("no text") }

// The records are bounded, in number and in bytes.
func TestFinishedTasksAreBounded(t *testing.T) {
	asyncio.Run(t.Context(), func(ctx context.Context) error {
		for i := range 100 {
			task := asyncio.Go(ctx, func(context.Context) error {
				return fmt.Errorf("%d%s", i, strings.Repeat("x", 1<<20))
			}, asyncio.Name(strings.Repeat("n", 1<<20)))
			task.Await(ctx)
		}
		var b bytes.Buffer
		if err := asyncio.LoopOf(ctx).Dump(&b); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range strings.Lines(b.String()) {
			if strings.HasPrefix(line, "  failed ") {
				if lines++; len(line) > 1000 {
					t.Errorf("a line has %d bytes", len(line))
				}
			}
		}
		if lines != 20 || !strings.Contains(b.String(), `: "99xxx`) || strings.Contains(b.String(), `: "79xxx`) {
			t.Errorf("%d tasks are listed, want the last 20", lines)
		}
		return nil
	}, asyncio.WithLogger(quiet))
}
