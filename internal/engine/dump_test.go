package engine

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// A loop that was dumped while it was blocked does not write, when it goes on, what nobody
// waits for any more.
func TestADumpThatNobodyWaitsForIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{})
		l.life.Store(lifeRunning) // and gets nowhere
		for range 3 {
			var text strings.Builder
			if err := l.Dump(&text); err != nil || !strings.HasPrefix(text.String(), "event loop: 0 task(s), ") {
				t.Fatalf("error %v, text %q", err, text.String())
			}
		}
		l.takePosts()
		if n := l.dumps.Load(); n != 0 {
			t.Errorf("the loop has begun or ended %d dumps, want none", n)
		}
	})
}

// looking is a task that looks where tasks stand.
type looking struct{ few, manyTasks, manyGoroutines int }

func (b *looking) Run(ctx context.Context) error {
	tasks := ctx.(*Node).Loop().Tasks()
	many := slices.Repeat(tasks, maxStacks+1)
	b.few = len(stackSites(tasks, 10))
	b.manyTasks = len(stackSites(many, 10))
	b.manyGoroutines = len(stackSites(tasks, maxGoroutines+1))
	return nil
}
func (*looking) Discard()                       {}
func (*looking) Handle() any                    { return nil }
func (*looking) MultiAwait() (*MultiAwait, int) { return nil, 0 }

// Where the stacks of all goroutines would stop the world for long, a dump does without.
func TestADumpOfAHugeProcessLeavesOutStacks(t *testing.T) {
	var b looking
	if err := New(Config{}).Run(t.Context(), &Task{}, &b, 0); err != nil {
		t.Fatal(err)
	}
	if b.few == 0 || b.manyTasks != 0 || b.manyGoroutines != 0 {
		t.Errorf("%d tasks were found in a small process, %d among many tasks, %d among many goroutines; want some, 0, 0", b.few, b.manyTasks, b.manyGoroutines)
	}
}

type textError func() string

func (e textError) Error() string { return e() }

// A text of the user's is one quoted part of a line, whatever is in it and whatever its method does.
func TestTextsInDumpsAreQuoted(t *testing.T) {
	long := strings.Repeat("ä", mostText)
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("a\n  #1 \"main\" running\r\x1b[2J"), `"a\n  #1 \"main\" running\r\x1b[2J"`},
		{errors.New(long), `"` + strings.Repeat("ä", mostText/2) + `"...`},
		{textError(func() string { panic("no text") }), `"engine.textError, whose method Error did not return"`},
		{textError(func() string { runtime.Goexit(); return "" }), `"engine.textError, whose method Error did not return"`},
		{textError(nil), `"engine.textError, whose method Error did not return"`},
	} {
		if got := quoteError(c.err); got != c.want {
			t.Errorf("quoted %s, want %s", got, c.want)
		}
	}
}
