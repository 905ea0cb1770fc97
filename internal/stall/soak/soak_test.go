//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func TestMain(m *testing.M) {
	procpool.Main()
	if part := os.Getenv(partVariable); part != "" {
		play(part)
		return
	}
	os.Exit(m.Run())
}

// TestNoFalseAlarms is a short soak. What it asserts does not depend on how long anything takes: a step's
// computation is the same on the slowest machine, and so is the culprit's.
func TestNoFalseAlarms(t *testing.T) {
	for _, c := range []struct {
		procs   int
		phase   string
		culprit bool
	}{
		{1, "spinners", false}, {1, "pauses", false}, {2, "garbage", false}, {2, "hogs", true}, {2, "all", false},
		{2, "http", false}, {1, "lines", false}, {2, "timers", false}, {2, "threads", false}, {1, "processes", false}, {2, "groups", false}, {2, "threads+", false},
	} {
		t.Run(fmt.Sprintf("%s, %d", c.phase, c.procs), func(t *testing.T) {
			p := phases[slices.IndexFunc(phases, func(p phase) bool { return p.name == c.phase })]
			p.culprit = c.culprit
			v, err := p.run(c.procs, 200*time.Millisecond, 100*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range v.Blames {
				t.Errorf("false alarm: %s", b)
			}
			if !v.Found {
				t.Errorf("the culprit was not blamed, but: %s", v.Instead)
			}
			if v.Steps == 0 {
				t.Error("there was no step")
			}
		})
	}
}

func TestWhoIsBlamed(t *testing.T) {
	for c, want := range map[asyncio.StallClass]bool{
		asyncio.StallCPU: true, asyncio.StallUnknown: true, asyncio.StallLock: true, asyncio.StallManySteps: true,
		asyncio.StallGC: false, asyncio.StallStarvedGo: false, asyncio.StallStarvedOS: false, asyncio.StallSuspended: false, asyncio.StallLateTimer: false,
	} {
		if blames(c) != want {
			t.Errorf("%v: blames %v, want %v", c, !want, want)
		}
	}
}

func TestWrongCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-for", "0s"}, "duration above 0"},
		{[]string{"-for", "long"}, `"long"`},
		{[]string{"-procs", "1,x"}, "whole numbers from 1"},
		{[]string{"-procs", "0"}, "whole numbers from 1"},
		{[]string{"-threshold", "5ms"}, "30ms at least"},
		{[]string{"now"}, `"now"`},
	} {
		var out, complaints strings.Builder
		if status := command(c.args, &out, &complaints); status != 2 || !strings.Contains(complaints.String(), c.want) {
			t.Errorf("%q: status %d and %q, want 2 and %s", c.args, status, complaints.String(), c.want)
		}
	}
}

func TestVerdict(t *testing.T) {
	var line strings.Builder
	verdict{Steps: 7, Long: 2, Reports: map[string]int{"starved-os": 3, "gc": 1}, Blames: []string{"x"}}.print(&line, 2, phase{name: "hogs"})
	if got, want := strings.Join(strings.Fields(line.String()), " "), "2 hogs 7 2 1 MISSED gc 1, starved-os 3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
