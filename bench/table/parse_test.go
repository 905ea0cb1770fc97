package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestParseLine(t *testing.T) {
	for _, c := range []struct {
		line string
		want string // as format writes it; empty where the line is no result
	}{
		{"BenchmarkYield1/asyncio-2   \t 1000\t  84.2 ns/op", "BenchmarkYield1/asyncio-2 1000 84.2 ns/op"},
		{"BenchmarkYield1/asyncio 7 84 ns/op", "BenchmarkYield1/asyncio 7 84 ns/op"},
		{"BenchmarkWake/asyncio-16 3 9e3 p50-ns 1e4 p99-ns", "BenchmarkWake/asyncio-16 3 9000 p50-ns 10000 p99-ns"},
		{"BenchmarkA-B 3 1 ns/op", "BenchmarkA-B 3 1 ns/op"},
		{"BenchmarkA-02 3 1 ns/op", "BenchmarkA-02 3 1 ns/op"},
		{"BenchmarkYield1/asyncio-2", ""},
		{"BenchmarkYield1/asyncio-2 1000", ""},
		{"BenchmarkYield1/asyncio-2 1000 84.2", ""},
		{"BenchmarkYield1/asyncio-2 1000 84.2 ns/op 3", ""},
		{"BenchmarkYield1/asyncio-2 0 84.2 ns/op", ""},
		{"BenchmarkYield1/asyncio-2 -4 84.2 ns/op", ""},
		{"BenchmarkYield1/asyncio-2 many 84.2 ns/op", ""},
		{"BenchmarkYield1/asyncio-2 1000 NaN ns/op", ""},
		{"BenchmarkYield1/asyncio-2 1000 +Inf ns/op", ""},
		{"BenchmarkYield1/asyncio-2 1000 1 ns/op 2 ns/op", ""},
		{"Benchmark 1000 1 ns/op", ""},
		{"ok  \tgithub.com/asyncio-go/asyncio/bench\t34.9s", ""},
		{"PASS", ""},
		{"", ""},
	} {
		got := ""
		if r, ok := parseLine(c.line); ok {
			got = format(r)
		}
		if got != c.want {
			t.Errorf("parseLine(%q) = %q, want %q", c.line, got, c.want)
		}
	}
}

// format writes r the way the testing package does, but for the spaces.
func format(r result) string {
	var text strings.Builder
	text.WriteString("Benchmark" + r.name)
	if r.procs != 1 {
		fmt.Fprintf(&text, "-%d", r.procs)
	}
	fmt.Fprintf(&text, " %d", r.iterations)
	for _, unit := range slices.Sorted(maps.Keys(r.values)) {
		fmt.Fprintf(&text, " %v %s", r.values[unit], unit)
	}
	return text.String()
}

// What is understood can be written down and understood the same way again.
func FuzzParseLine(f *testing.F) {
	f.Add("BenchmarkYield1/asyncio-2   \t 1000\t  84.2 ns/op")
	f.Add("BenchmarkWake/asyncio-16 3 9e3 p50-ns 1e4 p99-ns")
	f.Add("BenchmarkA-1-2 1 0x1p-2 x 0 y")
	f.Add("BenchmarkA-02 3 1 ns/op")
	f.Add("goos: linux")
	f.Fuzz(func(t *testing.T, line string) {
		r, ok := parseLine(line)
		if !ok {
			return
		}
		again, ok := parseLine(format(r))
		if !ok {
			t.Fatalf("parseLine(%q) gives %+v, which is written %q and not understood", line, r, format(r))
		}
		if again.name != r.name || again.procs != r.procs || again.iterations != r.iterations || !maps.Equal(again.values, r.values) {
			t.Fatalf("parseLine(%q) gives %+v, and what it is written as gives %+v", line, r, again)
		}
	})
}
