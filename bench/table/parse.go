package main

import (
	"math"
	"strconv"
	"strings"
)

// result is one line of a benchmark's output.
type result struct {
	name       string // "Yield1/asyncio"
	procs      int    // GOMAXPROCS
	iterations int64
	values     map[string]float64 // by unit: "ns/op", "B/task"
}

// parseLine reads a line such as
//
//	BenchmarkYield1/asyncio-2   	 1000000	        84.2 ns/op
//
// which is a name with GOMAXPROCS behind it unless that is 1, the number of
// iterations, and pairs of value and unit. It says false to any other line, and
// to one that does not hold together: a figure that is no number must not end
// up in a median.
func parseLine(line string) (result, bool) {
	fields := strings.Fields(line)
	if len(fields) < 4 || len(fields)%2 != 0 {
		return result{}, false
	}
	full, ok := strings.CutPrefix(fields[0], "Benchmark")
	if !ok || full == "" {
		return result{}, false
	}
	r := result{name: full, procs: 1, values: make(map[string]float64)}
	if i := strings.LastIndexByte(full, '-'); i > 0 {
		// Written back the same only if it is a plain number.
		if n, err := strconv.Atoi(full[i+1:]); err == nil && n > 1 && strconv.Itoa(n) == full[i+1:] {
			r.name, r.procs = full[:i], n
		}
	}
	var err error
	if r.iterations, err = strconv.ParseInt(fields[1], 10, 64); err != nil || r.iterations < 1 {
		return result{}, false
	}
	for pair := fields[2:]; len(pair) > 0; pair = pair[2:] {
		value, err := strconv.ParseFloat(pair[0], 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return result{}, false
		}
		if _, twice := r.values[pair[1]]; twice {
			return result{}, false
		}
		r.values[pair[1]] = value
	}
	return r, true
}

// parseCPU reads the line by which a test binary names the processor.
func parseCPU(line string) (string, bool) {
	return strings.CutPrefix(line, "cpu: ")
}
