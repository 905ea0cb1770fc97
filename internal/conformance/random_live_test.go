//go:build cpython

package conformance

import (
	"encoding/json"
	"flag"
	"maps"
	"slices"
	"testing"
)

var (
	seeds = flag.Uint64("seeds", 2000, "how many random programs of each kind TestRandomLive compares")
	from  = flag.Uint64("from", 1, "the first seed of TestRandomLive")
)

// TestRandomLive compares new programs with CPython, and reduces those that differ.
func TestRandomLive(t *testing.T) {
	py := startPython(t)
	for _, kind := range []string{turns, instants} {
		t.Run(kind, func(t *testing.T) {
			outside, compared, steps, found := map[string]int{}, 0, 0, 0
			const enough = 5 // the maximum number of reported differences
			for seed := *from; seed < *from+*seeds && found < enough; seed++ {
				p := makeTree(kind, seed)
				theirs := py.run(p)
				if theirs.Error != "" {
					t.Fatalf("seed %d of %s: programs/random_run.py: %s", seed, kind, theirs.Error)
				}
				if theirs.Outside != "" {
					outside[theirs.Outside]++
					continue
				}
				compared++
				steps += size(p.Do)
				if differs(t, p, theirs) {
					found++
					report(t, py, seed, p)
				}
			}
			for _, reason := range slices.Sorted(maps.Keys(outside)) {
				t.Logf("%d outside of the comparison: %s", outside[reason], reason)
			}
			t.Logf("%d programs with %d steps compared", compared, steps)
			if compared == 0 {
				t.Error("no program was compared")
			}
		})
	}
}

// differs reports whether the trace of a program differs here.
func differs(t *testing.T, p tree, theirs answer) bool {
	ours := interpret(t, p)
	return !deadlocked(ours) && !slices.Equal(ordered(p, theirs.Trace), ordered(p, ours))
}

func report(t *testing.T, py *cpython, seed uint64, p tree) {
	t.Helper()
	p = shrink(p, func(p tree) bool {
		a := py.run(p)
		return a.Error == "" && a.Outside == "" && differs(t, p, a)
	})
	text, err := json.MarshalIndent(p.Do, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("seed %d of %s, made smaller: want the trace of %s (-), got another (+):\n%s\n%s", seed, p.Kind, py.version, text,
		diff(ordered(p, py.run(p).Trace), ordered(p, interpret(t, p))))
}
