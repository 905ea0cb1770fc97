package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// jobLimit ends a measurement that hangs; the longest takes some seconds.
const jobLimit = 2 * time.Minute

// buildBenchmarks compiles the benchmarks once, for all repetitions. The caller
// calls remove when done with the binary.
func buildBenchmarks(ctx context.Context) (binary string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "asyncio-bench-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	binary = filepath.Join(dir, "bench.test.exe") // the ending matters on Windows only
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "github.com/asyncio-go/asyncio/bench")
	if out, err := cmd.CombinedOutput(); err != nil {
		remove()
		return "", nil, fmt.Errorf("compiling the benchmarks: %w\n%s", err, out)
	}
	return binary, remove, nil
}

// job is one contender of one benchmark, measured once.
type job struct {
	bench, contender string
	metrics          []string // which it must report
}

func (j job) name() string { return j.bench + "/" + j.contender }

// jobs lists what repetition rep has to measure: the contenders of a row one
// after another, beginning with another one in each repetition so that none
// always follows the same neighbour. Rows that read two metrics of one
// benchmark share its jobs.
func jobs(rows []row, rep int) []job {
	var list []job
	for _, r := range rows {
		for i := range r.contenders {
			j := job{bench: r.bench, contender: r.contenders[(i+rep)%len(r.contenders)]}
			at := slices.IndexFunc(list, func(o job) bool { return o.name() == j.name() })
			if at < 0 {
				at = len(list)
				list = append(list, j)
			}
			list[at].metrics = append(list[at].metrics, r.metric)
		}
	}
	return list
}

// run measures the job in a process of its own and adds what it reports to m.
func (j job) run(ctx context.Context, binary string, benchTime time.Duration, m *measurements, raw io.Writer) error {
	limited, cancel := context.WithTimeout(ctx, jobLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, binary,
		"-test.run=^$", "-test.count=1", "-test.benchtime="+benchTime.String(),
		"-test.bench=^Benchmark"+j.bench+"$/^"+j.contender+"$")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted while measuring %s", j.name())
	case limited.Err() != nil:
		return fmt.Errorf("%s has not ended within %s", j.name(), jobLimit)
	case err != nil:
		return fmt.Errorf("%s: %w\n%s%s", j.name(), err, out, complaints.Bytes())
	}
	if _, err := raw.Write(out); err != nil {
		return fmt.Errorf("-raw: %w", err)
	}
	return m.add(j, string(out))
}

// measurements holds every figure, by contender and metric, in the order of the
// repetitions.
type measurements struct {
	cpu     string // the processor, in its own words
	procs   int    // GOMAXPROCS
	figures map[figureKey][]float64
}

type figureKey struct{ bench, contender, metric string }

func newMeasurements() *measurements {
	return &measurements{figures: make(map[figureKey][]float64)}
}

// add takes the figures of j out of the output of its process, which must hold
// one result with every metric that the rows want.
func (m *measurements) add(j job, output string) error {
	found := false
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		if cpu, ok := parseCPU(line); ok {
			m.cpu = cpu
		}
		r, ok := parseLine(line)
		if !ok || r.name != j.name() {
			continue
		}
		if found {
			return fmt.Errorf("%s reported two results, want one:\n%s", j.name(), output)
		}
		found = true
		m.procs = r.procs
		for _, metric := range j.metrics {
			value, ok := r.values[metric]
			if !ok {
				return fmt.Errorf("%s reported no %s: %q", j.name(), metric, line)
			}
			key := figureKey{j.bench, j.contender, metric}
			m.figures[key] = append(m.figures[key], value)
		}
	}
	if !found {
		return fmt.Errorf("%s reported no result:\n%s", j.name(), output)
	}
	return nil
}

// of returns the figures of contender in r, in the row's unit.
func (m *measurements) of(r row, contender string) []float64 {
	var scaled []float64
	for _, v := range m.figures[figureKey{r.bench, contender, r.metric}] {
		scaled = append(scaled, v*r.scale)
	}
	return scaled
}
