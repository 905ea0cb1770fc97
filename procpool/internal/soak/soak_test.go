//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func TestMain(m *testing.M) {
	procpool.Main()
	os.Exit(m.Run())
}

// TestSoak runs for three seconds with a random seed.
func TestSoak(t *testing.T) {
	var out, complaints strings.Builder
	status := command([]string{"-for", "3s"}, &out, &complaints)
	t.Log(out.String())
	if status != 0 {
		t.Errorf("status %d:\n%s", status, complaints.String())
	}
	for _, want := range []string{"seed ", " calls\n", " result\n", " 0 not ended\n", " 0 violations\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not printed", want)
		}
	}
}

func TestInvalidCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-for", "0s"}, "must be above 0"},
		{[]string{"-for", "long"}, `"long"`},
		{[]string{"-seed", "-1"}, `"-1"`},
		{[]string{"now"}, `"now"`},
	} {
		var out, complaints strings.Builder
		if status := command(c.args, &out, &complaints); status != 2 || !strings.Contains(complaints.String(), c.want) {
			t.Errorf("%q: status %d and %q, want 2 and %s", c.args, status, complaints.String(), c.want)
		}
	}
}

func TestSeedRepeatsTheChoices(t *testing.T) {
	choices := func(seed uint64, id int) (all [][]plan) {
		p := newPlanner(seed, id)
		for range 50 {
			all = append(all, p.batch())
		}
		return all
	}
	if !reflect.DeepEqual(choices(1, 1), choices(1, 1)) {
		t.Error("the same seed gave other choices")
	}
	if reflect.DeepEqual(choices(1, 1), choices(2, 1)) || reflect.DeepEqual(choices(1, 1), choices(1, 2)) {
		t.Error("another seed or submitter gave the same choices")
	}
}

// TestClassify: classify rejects outcomes without a known cause.
func TestClassify(t *testing.T) {
	of := func(action string, m waitMode) plan {
		return plan{request: request{Number: 1, Action: action, Data: []byte("data")}, waitMode: m}
	}
	for _, c := range []struct {
		name string
		plan plan
		a    answer
		err  error
	}{
		{"an empty result", of("answer", patiently), answer{}, nil},
		{"another call's result", of("answer", patiently), answer{Number: 2}, nil},
		{"a result of an action without one", of("exit", patiently), answer{}, nil},
		{"a cancellation that was not requested", of("answer", patiently), answer{}, context.Canceled},
		{"a deadline that was not set", of("answer", cancelledSoon), answer{}, context.DeadlineExceeded},
		{"an error of an action without one", of("answer", patiently), answer{}, errRefused},
		{"an error without a type", of("refuse", patiently), answer{}, errors.New("refused")},
		{"a panic of an action without one", of("answer", patiently), answer{}, &asyncio.PanicError{}},
		{"a crash of an action without one", of("answer", patiently), answer{}, &procpool.WorkerCrash{ExitCode: 3}},
		{"a crash by a signal that was not sent", of("exit", patiently), answer{}, &procpool.WorkerCrash{Pid: 8, Signal: 9}},
		{"a closed pool", of("answer", patiently), answer{}, asyncio.ErrExecutorClosed},
	} {
		if o, problem := c.plan.classify(c.a, c.err, map[int]bool{7: true}); o != wrong || problem == nil {
			t.Errorf("%s was classified as: %s", c.name, o)
		}
	}
	o, problem := of("exit", patiently).classify(answer{}, &procpool.WorkerCrash{ExitCode: 3}, nil)
	if o != crash || problem != nil {
		t.Errorf("a crash of its action was classified as: %s, %v", o, problem)
	}
}

// TestReport: the report detects calls that were lost or run twice.
func TestReport(t *testing.T) {
	r := newReport()
	refused := plan{request: request{Number: 1, Action: "refuse"}, waitMode: cancelledSoon}
	r.begin(refused)
	r.end(refused, answer{}, context.Canceled)
	r.checkRuns(map[uint64]int{1: 1})
	r.checkStats(1, procpool.Stats{Cancelled: 1})
	if r.violated != 0 {
		t.Errorf("a valid call: %v", r.violations)
	}
	for _, c := range []struct {
		want string
		do   func()
	}{
		{"run 2 times", func() { r.checkRuns(map[uint64]int{1: 2}) }},
		{"run and not ended", func() { r.checkRuns(map[uint64]int{1: 1, 2: 1}) }},
		{"ended twice", func() { r.end(refused, answer{}, context.Canceled) }},
		{"accepted 2 calls and ended 1", func() { r.checkStats(2, procpool.Stats{Cancelled: 1}) }},
		{"1 workers", func() { r.checkStats(0, procpool.Stats{Workers: make([]procpool.WorkerStats, 1)}) }},
	} {
		r.violations = nil
		if c.do(); len(r.violations) != 1 || !strings.Contains(r.violations[0], c.want) {
			t.Errorf("%q, want %q", r.violations, c.want)
		}
	}
}

// TestInventory: the inventory detects files and goroutines.
func TestInventory(t *testing.T) {
	before := takeInventory()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	release := make(chan struct{})
	defer close(release)
	for range 50 { // more than the goroutines of earlier tests that may end now
		go func() { <-release }()
	}
	found := strings.Join(before.diff(t.TempDir()), "\n")
	for _, want := range []string{os.DevNull, "goroutines"} {
		if !strings.Contains(found, want) {
			t.Errorf("%q was not found in: %s", want, found)
		}
	}
}
