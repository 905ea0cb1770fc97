//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A phase runs tasks or a service beside disturbances.
type phase struct {
	name     string
	garbage  bool   // goroutines of the program allocate
	spinners bool   // goroutines of the program spin
	hogs     bool   // other processes spin
	pauses   bool   // the process is stopped and continued
	culprit  bool   // the last task computes for long
	service  string // runs instead of the tasks; "": none
}

var phases = []phase{
	{name: "quiet", culprit: true},
	{name: "garbage", garbage: true, culprit: true},
	{name: "spinners", spinners: true, culprit: true},
	{name: "hogs", hogs: true, culprit: true},
	{name: "pauses", pauses: true, culprit: true},
	{name: "all", garbage: true, spinners: true, hogs: true, pauses: true, culprit: true},
	{name: "http", service: "http", hogs: true},
	{name: "lines", service: "lines", hogs: true},
	{name: "timers", service: "timers", hogs: true},
	{name: "threads", service: "threads", hogs: true},
	{name: "processes", service: "processes", hogs: true},
	{name: "groups", service: "groups", hogs: true},
	{name: "http+", service: "http", hogs: true, spinners: true},
	{name: "lines+", service: "lines", hogs: true, spinners: true},
	{name: "timers+", service: "timers", hogs: true, spinners: true},
	{name: "threads+", service: "threads", hogs: true, spinners: true},
	{name: "groups+", service: "groups", hogs: true, spinners: true},
}

const (
	hogsEach  = 2 // for each processor
	pause     = 300 * time.Millisecond
	pauseRest = 200 * time.Millisecond // between two pauses
)

// A verdict is the result of a phase.
type verdict struct {
	Steps   int
	Long    int            // steps longer than the threshold, by the clock
	Reports map[string]int // by class
	Blames  []string       // false alarms
	Found   bool           // the culprit was blamed
	Instead string         // the report of the culprit that did not blame it
}

func (v verdict) print(w io.Writer, procs int, p phase) {
	var reports []string
	for _, class := range slices.Sorted(maps.Keys(v.Reports)) {
		reports = append(reports, fmt.Sprintf("%s %d", class, v.Reports[class]))
	}
	culprit := "found"
	switch {
	case !v.Found:
		culprit = "MISSED"
	case !p.culprit:
		culprit = "-"
	}
	fmt.Fprintf(w, "%5d  %-10s %6d %6d %7d %8s  %s\n", procs, p.name, v.Steps, v.Long, len(v.Blames), culprit, strings.Join(reports, ", "))
}

// Environment variables that configure a process of the soak.
const (
	partVariable    = "ASYNCIO_STALL_SOAK"
	phaseVariable   = "ASYNCIO_STALL_SOAK_PHASE"
	forVariable     = "ASYNCIO_STALL_SOAK_FOR"
	culpritVariable = "ASYNCIO_STALL_SOAK_CULPRIT"
	overVariable    = "ASYNCIO_STALL_SOAK_THRESHOLD"
)

// play is the main function of the processes that the soak starts.
func play(part string) {
	// The soak keeps the other end open until it ends.
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); os.Exit(1) }()
	switch part {
	case "hog":
		for n := uint64(0); ; n++ {
			sink.Store(n)
		}
	case "loop":
		d, err1 := time.ParseDuration(os.Getenv(forVariable))
		threshold, err2 := time.ParseDuration(os.Getenv(overVariable))
		i := slices.IndexFunc(phases, func(p phase) bool { return p.name == os.Getenv(phaseVariable) })
		if err1 != nil || err2 != nil || i < 0 {
			fmt.Fprintf(os.Stderr, "soak: phase %q for %q, threshold %q: want a phase and two durations\n",
				os.Getenv(phaseVariable), os.Getenv(forVariable), os.Getenv(overVariable))
			os.Exit(2)
		}
		p := phases[i]
		p.culprit = os.Getenv(culpritVariable) == "true"
		v := suffer(p, d, threshold)
		if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
			fmt.Fprintln(os.Stderr, "soak:", err)
			os.Exit(1)
		}
	}
}

// run runs the phase in a new process.
func (p phase) run(procs int, d, threshold time.Duration) (v verdict, err error) {
	if p.hogs {
		for range hogsEach * runtime.NumCPU() {
			_, end, err := begin("hog", nil, "GOMAXPROCS=1")
			if err != nil {
				return v, err
			}
			defer end()
		}
	}
	var out strings.Builder
	cmd, end, err := begin("loop", &out, "GOMAXPROCS="+strconv.Itoa(procs), phaseVariable+"="+p.name, forVariable+"="+d.String(),
		overVariable+"="+threshold.String(), culpritVariable+"="+strconv.FormatBool(p.culprit), "ASYNCIO_STALL=", "GOGC=")
	if err != nil {
		return v, err
	}
	defer end()
	over := make(chan struct{})
	paused := make(chan struct{})
	go func() {
		defer close(paused)
		if p.pauses {
			interrupt(cmd.Process, over)
		}
	}()
	err = cmd.Wait()
	close(over)
	<-paused
	if err != nil {
		return v, fmt.Errorf("the process with the loop: %w", err)
	}
	if err := json.Unmarshal([]byte(out.String()), &v); err != nil {
		return v, fmt.Errorf("it printed %q: %w", out.String(), err)
	}
	return v, nil
}

// interrupt stops and continues the process repeatedly.
func interrupt(p *os.Process, over <-chan struct{}) {
	for {
		for _, step := range []struct {
			after  time.Duration
			signal os.Signal
		}{{pauseRest, syscall.SIGSTOP}, {pause, syscall.SIGCONT}} {
			select {
			case <-over:
				return
			case <-time.After(step.after):
			}
			if p.Signal(step.signal) != nil {
				return // it has ended
			}
		}
	}
}

// begin starts this program in another process, in the given part. end kills the process, unless it
// was waited for.
func begin(part string, out io.Writer, env ...string) (cmd *exec.Cmd, end func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd = exec.Command(self)
	cmd.Env = append(append(os.Environ(), partVariable+"="+part), env...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	return cmd, func() {
		in.Close()
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() //nolint:errcheck // it was killed
		}
	}, nil
}
