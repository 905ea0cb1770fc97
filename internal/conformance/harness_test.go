package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A program is the Go version of a Python program: a main function that logs events.
type program func(ctx context.Context, log logger)

// A mainProgram is a program whose trace includes what Run does and returns at the end.
type mainProgram func(ctx context.Context, log logger) error

// programs are all programs, by the name of the Python version. Each function returns the trace.
var programs = func() map[string]func(t *testing.T) []string {
	all := map[string]func(t *testing.T) []string{}
	add := func(name string, record func(t *testing.T) []string) {
		if all[name] != nil {
			panic(fmt.Sprintf("conformance: two programs are called %q", name))
		}
		all[name] = record
	}
	for _, subject := range []map[string]program{
		schedulingPrograms, sleepPrograms, timerPrograms, taskPrograms, taskCancelPrograms, gatherPrograms,
		gatherErrorPrograms, waitPrograms, waitForPrograms, timeoutPrograms, groupPrograms, groupErrorPrograms,
		groupCancelPrograms, futurePrograms, threadPrograms, lockPrograms, eventPrograms, conditionPrograms, semaphorePrograms,
		barrierPrograms, queuePrograms, queueCancelPrograms, queueShutdownPrograms, asCompletedPrograms, shieldPrograms, contextPrograms,
	} {
		for name, p := range subject {
			add(name, func(t *testing.T) []string { return trace(t, p) })
		}
	}
	for name, p := range shutdownPrograms {
		add(name, func(t *testing.T) []string { return traceMain(t, p) })
	}
	return all
}()

// trace runs a program as the main function of a loop with a virtual clock.
func trace(t *testing.T, p program) []string {
	var lines []string
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) { p(ctx, appendTo(&lines)) })
	return lines
}

// traceMain is trace for a program that may leave tasks or fail, which asynciotest.Run does not
// allow.
func traceMain(t *testing.T, p mainProgram) []string {
	var lines []string
	log := appendTo(&lines)
	synctest.Test(t, func(t *testing.T) {
		var reported []error
		err := asyncio.Run(context.Background(), func(ctx context.Context) error { return p(ctx, log) },
			asyncio.WithErrorHandler(func(u asyncio.Unhandled) { reported = append(reported, u.Err) }))
		var raised boom
		switch {
		case len(reported) > 0: // Run also returns these errors, but CPython only reports them
		case errors.Is(err, context.Canceled), errors.As(err, &raised):
			log("run raised %s", describe(err))
		case err != nil:
			t.Errorf("Run: %v, want nil, a cancellation or an error that the program raises", err)
		}
		for _, e := range reported {
			log("unhandled %s", describe(e))
		}
	})
	return lines
}

func appendTo(lines *[]string) logger {
	return func(format string, args ...any) { *lines = append(*lines, fmt.Sprintf(format, args...)) }
}

// TestReplay runs every program and compares its trace with that of CPython, or with the intended
// difference.
func TestReplay(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		t.Run(name, func(t *testing.T) {
			theirs := recorded(t, name)
			want, whose := theirs.lines, theirs.version
			if d, ok := differences[name]; ok {
				want, whose = lines(d.ours), "differences_test.go"
				if slices.Equal(want, theirs.lines) {
					t.Errorf("the trace in differences_test.go is that of %s: remove it", theirs.version)
				}
			}
			got := programs[name](t)
			if !slices.Equal(got, want) {
				t.Errorf("want the trace of %s (-), got another (+):\n%s", whose, diff(want, got))
				if slices.Equal(got, theirs.lines) {
					t.Errorf("it is that of %s: remove it from differences_test.go", theirs.version)
				}
			}
		})
	}
}

// TestDifferences checks that every intended difference belongs to a program and has a reason.
func TestDifferences(t *testing.T) {
	for name, d := range differences {
		if programs[name] == nil {
			t.Errorf("differences_test.go lists %q, but there is no such program", name)
		}
		if !strings.HasSuffix(d.reason, ".") || len(d.reason) < 30 {
			t.Errorf("%s: the reason is %q, want a sentence", name, d.reason)
		}
	}
}

// TestBothSides checks that Go, Python and testdata have the same programs, that the recordings are
// of the current Python source, and that one version of CPython made them.
func TestBothSides(t *testing.T) {
	python := pythonPrograms(t)
	for name, file := range python {
		if programs[name] == nil {
			t.Errorf("%s is in programs/%s and has no twin in Go", name, file)
		}
	}
	for name := range programs {
		if python[name] == "" {
			t.Errorf("%s is in Go and has no twin in Python", name)
		}
	}
	files, err := filepath.Glob("testdata/*.trace")
	if err != nil {
		t.Fatal(err)
	}
	traced, versions := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".trace")
		if python[name] == "" {
			t.Errorf("%s is the trace of no program: run record.sh", file)
			continue
		}
		r := recorded(t, name)
		traced[name], versions[r.version] = true, true
		if now := digestOf(t, python[name]); r.source != python[name] || r.digest != now {
			t.Errorf("%s was recorded from programs/%s %s, which is now programs/%s %s: run record.sh",
				name, r.source, r.digest, python[name], now)
		}
	}
	for name := range python {
		if !traced[name] {
			t.Errorf("%s has no trace in testdata: run record.sh", name)
		}
	}
	if len(versions) != 1 {
		t.Errorf("recorded with the versions %q, want one: run record.sh", slices.Sorted(maps.Keys(versions)))
	}
}
