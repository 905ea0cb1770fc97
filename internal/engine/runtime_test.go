package engine

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// replaceCheck has the next Run check the runtime, or what takes its place.
func replaceCheck(t *testing.T, look func() (string, error), key func() any) {
	old, oldKey := checked, stdKey
	t.Cleanup(func() { checked, stdKey = old, oldKey })
	checked = &runtimeCheck{look: look, key: key, word: wordOf}
}

type otherKey struct{}

func TestARuntimeThatDiffersIsRefused(t *testing.T) {
	fine := func() (string, error) { return "", nil }
	for _, c := range []struct {
		name string
		look func() (string, error)
		key  func() any
		want string
	}{
		{"identity", func() (string, error) { return "", errors.New("two goroutines have the same identity") }, learnStdKey, "two goroutines have the same identity"},
		{"identity, with a limit", func() (string, error) { return "less works", errors.New("frame pointers do not lead to the caller") }, learnStdKey, "frame pointers do not lead to the caller"},
		{"no key", fine, func() any { return nil }, "package context does not ask a context for its private key"},
		{"another key", fine, func() any { return otherKey{} }, "package context does not find its own type by its private key"},
		{"a channel", nil, nil, "a channel value is not one pointer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			replaceCheck(t, c.look, c.key)
			if c.look == nil {
				replaceCheck(t, fine, learnStdKey)
				checked.word = func(chan struct{}) uintptr { return 7 }
			}
			logged := &lines{}
			for range 2 { // the verdict is for the whole process
				l := New(Config{Logger: slog.New(slog.NewTextHandler(logged, nil))})
				err := l.Run(t.Context(), &Task{}, bodyFunc(func(context.Context) error {
					t.Error("main has run")
					return nil
				}), 0)
				want := "asyncio: Run: " + runtime.Version() + " is not supported: " + c.want + "; build with Go 1.26 or 1.27, or use a newer version of github.com/asyncio-go/asyncio"
				if err == nil || err.Error() != want {
					t.Errorf("Run returns %v, want %s", err, want)
				}
			}
			if logged.Len() != 0 {
				t.Errorf("logged: %s", logged)
			}
		})
	}
}

type lines struct{ strings.Builder }

func TestALimitIsLoggedOnce(t *testing.T) {
	looked := 0
	replaceCheck(t, func() (string, error) { looked++; return "less works", nil }, learnStdKey)
	logged := &lines{}
	for range 3 {
		l := New(Config{Logger: slog.New(slog.NewTextHandler(logged, nil))})
		ran := false
		err := l.Run(t.Context(), &Task{}, bodyFunc(func(context.Context) error { ran = true; return nil }), 0)
		if err != nil || !ran {
			t.Errorf("Run returns %v, main has run: %v", err, ran)
		}
	}
	if n := strings.Count(logged.String(), "level=WARN"); n != 1 || looked != 1 || !strings.Contains(logged.String(), `"asyncio: less works" go=`+runtime.Version()) {
		t.Errorf("looked %d times, logged %s", looked, logged)
	}
}

// Nothing is looked at again: a loop costs the same after the first.
func TestTheCheckIsForTheProcess(t *testing.T) {
	looked := make(chan struct{}, 100)
	replaceCheck(t, func() (string, error) { looked <- struct{}{}; return coro.Check() }, learnStdKey)
	done := make(chan error)
	for range 20 {
		go func() {
			done <- New(Config{}).Run(context.Background(), &Task{}, bodyFunc(func(context.Context) error { return nil }), 0)
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if len(looked) != 1 {
		t.Errorf("looked %d times", len(looked))
	}
}

func BenchmarkRuntimeCheck(b *testing.B) {
	l := New(Config{})
	old := stdKey
	defer func() { stdKey = old }()
	for b.Loop() {
		c := &runtimeCheck{look: coro.Check, key: learnStdKey, word: wordOf}
		if err := c.verify(l); err != nil {
			b.Fatal(err)
		}
	}
}
