package main

import (
	"strings"
	"testing"
)

func TestJobsShareBenchmarksAndRotate(t *testing.T) {
	two := []row{
		{bench: "Timers", metric: "insert", contenders: []string{ours, "goroutine", "floor"}},
		{bench: "Timers", metric: "cpu", contenders: []string{ours, "goroutine"}},
	}
	for rep, want := range []string{
		"Timers/asyncio[insert cpu] Timers/goroutine[insert cpu] Timers/floor[insert]",
		"Timers/goroutine[insert cpu] Timers/floor[insert] Timers/asyncio[insert cpu]",
		"Timers/floor[insert] Timers/asyncio[insert cpu] Timers/goroutine[insert cpu]",
	} {
		var got []string
		for _, j := range jobs(two, rep) {
			got = append(got, j.name()+"["+strings.Join(j.metrics, " ")+"]")
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("repetition %d: %s, want %s", rep, s, want)
		}
	}
}

const wakeOutput = `goos: linux
cpu: Some Processor
BenchmarkWake/asyncio-2     	     255	      8000 p50-ns	     90000 p99-ns
PASS
`

func TestAddKeepsFiguresInOrder(t *testing.T) {
	m := newMeasurements()
	j := job{"Wake", ours, []string{"p50-ns"}}
	for _, output := range []string{wakeOutput, strings.Replace(wakeOutput, "8000", "5000", 1)} {
		if err := m.add(j, output); err != nil {
			t.Fatal(err)
		}
	}
	got := m.of(row{bench: "Wake", metric: "p50-ns", scale: 1e-3}, ours)
	if len(got) != 2 || got[0] != 8 || got[1] != 5 {
		t.Errorf("figures in the row's unit %v, want [8 5]", got)
	}
	if m.cpu != "Some Processor" || m.procs != 2 {
		t.Errorf("measured on %q with GOMAXPROCS %d, want Some Processor with 2", m.cpu, m.procs)
	}
}

func TestAddRefuses(t *testing.T) {
	for _, c := range []struct{ name, output, want string }{
		{"no result", "PASS\n", "Wake/asyncio reported no result"},
		{"another's result", strings.Replace(wakeOutput, "asyncio", "goroutine", 1), "Wake/asyncio reported no result"},
		{"two results", wakeOutput + wakeOutput, "Wake/asyncio reported two results"},
		{"no such metric", strings.Replace(wakeOutput, "p50-ns", "ns/op", 1), "Wake/asyncio reported no p50-ns"},
	} {
		err := newMeasurements().add(job{"Wake", ours, []string{"p50-ns"}}, c.output)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
