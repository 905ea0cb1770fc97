package stress

import (
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var (
	runFor = flag.Duration("stress.for", 0, "run programs of new seeds for so long, instead of the same few")
	seed   = flag.Uint64("stress.seed", 0, "run the program of this seed only, and print its statements")
	count  = flag.Int("stress.count", 1, "how often to run the program of -stress.seed")
	real   = flag.Bool("stress.real", false, "with -stress.for or -stress.seed: run in real time")
)

// atFirst is the number of goroutines before the first program.
var atFirst int

func TestStress(t *testing.T) {
	atFirst = runtime.NumGoroutine()
	switch {
	case *seed != 0:
		t.Log(generate(*seed))
		for range *count {
			if one(t, *seed, !*real) {
				break
			}
		}
	case *runFor != 0:
		ran := 0
		for end := time.Now().Add(*runFor); time.Now().Before(end) && !t.Failed(); ran++ {
			one(t, rand.Uint64()>>1, !*real)
		}
		t.Logf("%d programs", ran)
	default:
		for s := uint64(1); s <= few && !t.Failed(); s++ {
			one(t, s, true)
			if s%4 == 0 {
				one(t, s, false)
			}
		}
	}
}

// one runs the program of a seed and reports whether it failed.
func one(t *testing.T, seed uint64, virtual bool) bool {
	p := generate(seed)
	wrong := violations(t, p, virtual)
	if len(wrong) == 0 {
		return false
	}
	mode := ""
	if !virtual {
		mode = " -stress.real"
	}
	t.Errorf("%s\nrun it again: go test ./internal/stress -stress.seed=%d%s\n%v", strings.Join(wrong, "\n"), seed, mode, p)
	if virtual {
		q := p
		q.Do = language.Shrink(p.Do, func(stmts []stmt) bool {
			q.Do = stmts
			return len(violations(t, q, true)) > 0
		})
		t.Errorf("made smaller:\n%s\n%v", strings.Join(violations(t, q, true), "\n"), q)
	}
	return true
}

// violations runs a program and returns what is wrong. An exact program runs twice.
func violations(t *testing.T, p program, virtual bool) []string {
	m := perform(t, p, virtual)
	if !virtual || !p.Exact || len(m.violations) > 0 {
		return m.violations
	}
	again := perform(t, p, virtual)
	if hash(m.trace) == hash(again.trace) {
		return again.violations
	}
	for i, line := range m.trace {
		if i >= len(again.trace) || again.trace[i] != line {
			other := "nothing"
			if i < len(again.trace) {
				other = again.trace[i]
			}
			return []string{fmt.Sprintf("the traces of two runs differ in line %d of %d:\n\t%s\n\t%s", i, len(m.trace), line, other)}
		}
	}
	return []string{fmt.Sprintf("the traces of two runs differ in length: %d and %d", len(m.trace), len(again.trace))}
}

func hash(trace []string) uint64 {
	h := fnv.New64a()
	for _, line := range trace {
		h.Write([]byte(line))
	}
	return h.Sum64()
}

// perform runs a program once.
func perform(t *testing.T, p program, virtual bool) (m *machine) {
	var steps atomic.Int64
	var current atomic.Pointer[machine]
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watch(p, virtual, &steps, &current, stop)
	}()
	defer func() { close(stop); <-watched }()
	if virtual {
		// A deadlock of the bubble panics. The name of the subtest has the seed.
		t.Run(fmt.Sprintf("seed=%d", p.Seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m = newMachine(p, true, &steps)
				current.Store(m)
				m.run()
				synctest.Wait() // for abandoned threads
				m.check()
			})
		})
		return m
	}
	m = newMachine(p, false, &steps)
	current.Store(m)
	m.run()
	want := atFirst + 1 // with the watch
	if !comesTrue(func() bool { return runtime.NumGoroutine() <= want }) {
		var b strings.Builder
		m.dump(&b)
		m.violate("%d goroutines are left, want %d:\n%s", runtime.NumGoroutine(), want, b.String())
		return m
	}
	m.check()
	return m
}

// patience is how long a program may make no progress. A program takes some milliseconds.
const patience = 2 * time.Minute

// comesTrue waits until the condition holds, for a limited time.
func comesTrue(is func() bool) bool {
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// watch ends the process with a dump if a program makes no progress.
func watch(p program, virtual bool, steps *atomic.Int64, current *atomic.Pointer[machine], stop <-chan struct{}) {
	for seen := int64(-1); ; {
		select {
		case <-stop:
			return
		case <-time.After(patience):
		}
		now := steps.Load()
		if now != seen {
			seen = now
			continue
		}
		fmt.Fprintf(os.Stderr, "no progress for %v, virtual time: %v\n%v", patience, virtual, p)
		if virtual {
			buf := make([]byte, 1<<20)
			os.Stderr.Write(buf[:runtime.Stack(buf, true)])
		} else if m := current.Load(); m != nil {
			m.dump(os.Stderr)
		}
		os.Exit(2)
	}
}
