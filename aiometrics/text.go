package aiometrics

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// write writes all families. The format requires that the lines of a family are adjacent.
func write(w io.Writer, loops, earlier []snapshot) error {
	var p printer
	p.loops(loops, earlier)
	p.tasks(loops)
	p.connections(loops)
	p.stalls(loops)
	p.executors(loops)
	_, err := io.WriteString(w, p.b.String())
	return err
}

type printer struct{ b strings.Builder }

// family prints the HELP and TYPE lines of a family.
func (p *printer) family(name, kind, help string) {
	fmt.Fprintf(&p.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample prints one line. labels are alternating names and values.
func (p *printer) sample(name string, value float64, labels ...string) {
	p.b.WriteString(name)
	for i := 0; i < len(labels); i += 2 {
		p.b.WriteByte("{,"[min(i, 1)])
		p.b.WriteString(labels[i] + `="` + escape.Replace(labels[i+1]) + `"`)
	}
	if len(labels) > 0 {
		p.b.WriteByte('}')
	}
	p.b.WriteString(" " + number(value) + "\n")
}

var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// invalid replaces bytes of a name that are not UTF-8. Prometheus rejects a page with such bytes.
const invalid = "\uFFFD"

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// histogram prints the lines of one histogram. The buckets are cumulative in the format.
func (p *printer) histogram(name string, h asyncio.Histogram, labels ...string) {
	var n uint64
	for i, c := range h.Counts {
		n += c
		end := "+Inf"
		if i < len(h.Bounds) {
			end = number(h.Bounds[i].Seconds())
		}
		p.sample(name+"_bucket", float64(n), append(slices.Clone(labels), "le", end)...)
	}
	p.sample(name+"_sum", h.Sum.Seconds(), labels...)
	p.sample(name+"_count", float64(n), labels...)
}

const loopName = "asyncio_loop_name"

func (p *printer) loops(loops, earlier []snapshot) {
	const delay = "asyncio_loop_delay_seconds"
	p.family(delay, "histogram", "How long ready tasks and callbacks waited for the loop.")
	for _, l := range loops {
		p.histogram(delay, l.Delay, loopName, l.name)
	}
	each := func(name, kind, help string, value func(l snapshot) float64) {
		p.family(name, kind, help)
		for _, l := range loops {
			p.sample(name, value(l), loopName, l.name)
		}
	}
	each("asyncio_loop_delay_current_seconds", "gauge", "The current wait for the loop.",
		func(l snapshot) float64 { return l.CurrentDelay.Seconds() })
	const utilization = "asyncio_loop_utilization_ratio"
	p.family(utilization, "gauge", "The share of time in which the loop did not wait.")
	for i, l := range loops {
		var since asyncio.Metrics
		if earlier != nil {
			since = earlier[i].Metrics
		}
		p.sample(utilization, l.Utilization(since), loopName, l.name)
	}
	const spent = "asyncio_loop_time_seconds_total"
	p.family(spent, "counter", "The time in which the loop ran steps, and in which it waited.")
	for _, l := range loops {
		p.sample(spent, seconds(l.Busy()), loopName, l.name, "asyncio_loop_state", "active")
		p.sample(spent, seconds(l.Idle), loopName, l.name, "asyncio_loop_state", "idle")
	}
	each("asyncio_loop_iterations_total", "counter", "Iterations of the loop.",
		func(l snapshot) float64 { return float64(l.Turns) })
	each("asyncio_loop_ready", "gauge", "Tasks and callbacks in the ready queue.",
		func(l snapshot) float64 { return float64(l.Ready) })
	each("asyncio_loop_timers", "gauge", "Pending timers.",
		func(l snapshot) float64 { return float64(l.Timers) })
}

func seconds(d time.Duration) float64 { return max(0, d).Seconds() }

func (p *printer) tasks(loops []snapshot) {
	const count = "asyncio_task_count"
	p.family(count, "gauge", "Tasks that have not ended.")
	for _, l := range loops {
		p.sample(count, float64(l.Tasks.Ready), loopName, l.name, "state", "ready")
		p.sample(count, float64(l.Tasks.Running), loopName, l.name, "state", "running")
		p.sample(count, float64(l.Tasks.Waiting), loopName, l.name, "state", "waiting")
	}
	const created = "asyncio_task_created_total"
	p.family(created, "counter", "Tasks that were created.")
	for _, l := range loops {
		p.sample(created, float64(l.Tasks.Created), loopName, l.name)
	}
	const finished = "asyncio_task_finished_total"
	p.family(finished, "counter", "Tasks that have ended.")
	for _, l := range loops {
		p.sample(finished, float64(l.Tasks.Succeeded), loopName, l.name, "outcome", "ok")
		p.sample(finished, float64(l.Tasks.Failed), loopName, l.name, "outcome", "error")
		p.sample(finished, float64(l.Tasks.Cancelled), loopName, l.name, "outcome", "cancelled")
		p.sample(finished, float64(l.Tasks.Panics), loopName, l.name, "outcome", "panic")
	}
	const took = "asyncio_task_step_duration_seconds"
	p.family(took, "histogram", "Duration of steps of tasks, in debug mode.")
	for _, l := range loops {
		if len(l.StepTimes.Counts) > 0 {
			p.histogram(took, l.StepTimes, loopName, l.name)
		}
	}
	const steps = "asyncio_task_steps_total"
	p.family(steps, "counter", "Steps of tasks, and callbacks.")
	for _, l := range loops {
		p.sample(steps, float64(l.Steps), loopName, l.name)
	}
}

func (p *printer) connections(loops []snapshot) {
	const failures = "asyncio_connection_failures_total"
	p.family(failures, "counter", "Connections of servers whose handlers ended with an error.")
	for _, l := range loops {
		c := l.Connections
		p.sample(failures, float64(c.Failed), loopName, l.name, "reason", "error")
		p.sample(failures, float64(c.Resets), loopName, l.name, "reason", "reset")
		p.sample(failures, float64(c.Timeouts), loopName, l.name, "reason", "timeout")
		p.sample(failures, float64(c.Closed), loopName, l.name, "reason", "closed")
	}
	const accepting = "asyncio_accept_errors_total"
	p.family(accepting, "counter", "Errors of accepting connections.")
	for _, l := range loops {
		p.sample(accepting, float64(l.Connections.AcceptErrors), loopName, l.name)
	}
}

func (p *printer) stalls(loops []snapshot) {
	const duration = "asyncio_stall_duration_seconds"
	p.family(duration, "histogram", "Duration of stalls, by the cause.")
	for _, l := range loops {
		for _, s := range l.Stalls {
			p.histogram(duration, s.Lasted, loopName, l.name, "asyncio_stall_cause", s.Class.String())
		}
	}
	const current = "asyncio_stall_current_seconds"
	p.family(current, "gauge", "Duration of the current stall, 0 without one.")
	for _, l := range loops {
		p.sample(current, l.CurrentStall.Seconds(), loopName, l.name)
	}
	const unlogged = "asyncio_stall_unlogged"
	p.family(unlogged, "gauge", "Reports of stalls that were not logged.")
	for _, l := range loops {
		p.sample(unlogged, float64(l.UnloggedStalls), loopName, l.name)
	}
}

// An executor is the metrics of an executor that the loops have called, or of the ToThread calls
// of one loop.
type executor struct {
	asyncio.ExecutorMetrics
	labels []string
}

func executorsOf(loops []snapshot) (all []executor) {
	const name = "asyncio_executor_name"
	seen := map[string]bool{}
	for _, l := range loops {
		all = append(all, executor{l.Threads, []string{loopName, l.name, name, l.Threads.Name}})
	}
	for _, l := range loops {
		for _, e := range l.Executors {
			e.Name = strings.ToValidUTF8(e.Name, invalid)
			if !seen[e.Name] {
				seen[e.Name] = true
				all = append(all, executor{e, []string{name, e.Name}})
			}
		}
	}
	return all
}

func (p *printer) executors(loops []snapshot) {
	all := executorsOf(loops)
	each := func(name, help string, value func(e executor) int) {
		p.family(name, "gauge", help)
		for _, e := range all {
			p.sample(name, float64(value(e)), e.labels...)
		}
	}
	each("asyncio_executor_queue_length", "Calls that wait.", func(e executor) int { return e.Waiting })
	each("asyncio_executor_running", "Calls that run.", func(e executor) int { return e.Running })
	each("asyncio_executor_workers", "Calls that can run at once.", func(e executor) int { return e.Workers })
	const duration = "asyncio_executor_duration_seconds"
	p.family(duration, "histogram", "Duration of calls.")
	for _, e := range all {
		if len(e.Run.Counts) > 0 {
			p.histogram(duration, e.Run, e.labels...)
		}
	}
}
