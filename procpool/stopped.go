package procpool

import (
	"fmt"
	"log/slog"
	"slices"
)

// stoppedBySignal is called when a signal such as SIGSTOP has stopped a worker, and when SIGCONT has
// continued it. If the worker has not begun its call, the pool kills it and gives the call to another
// worker. A stopped idle worker stays, and is the last to get a job.
func (s *slot) stoppedBySignal(proc *process, stopped bool) {
	p := s.pool
	p.mu.Lock()
	proc.stopped = stopped
	var notice string
	var j *job
	if stopped {
		notice, j = s.avoidStopped(proc)
	}
	p.unlock()
	if notice != "" {
		attrs := []any{slog.Int("worker", s.id), slog.Int("pid", proc.pid)}
		if j != nil {
			attrs = append(attrs, slog.String("func", j.call.Func()), slog.String("call", j.call.ID()))
		}
		p.opts.logger().Warn("procpool: worker stopped by a signal; "+notice, attrs...)
	}
}

// avoidStopped handles a worker that a signal has stopped. It returns the text for the log, empty for
// none, and the job that it concerns. The caller must hold the pool's lock.
func (s *slot) avoidStopped(proc *process) (notice string, j *job) {
	j = s.job
	switch {
	case s.starting == proc:
		proc.kill()
		return "killed, because it was not ready", nil
	case s.proc != proc:
	case s.stopping:
		proc.kill()
	case j == nil:
		s.avoidIdle()
	case s.hasBegun(j):
		return "the call continues after SIGCONT", j
	default:
		s.replaceStopped()
		return "killed; the call had not begun and goes to another worker", j
	}
	return "", nil
}

// avoidIdle makes the slot, if it is idle, the last that gets a job.
func (s *slot) avoidIdle() {
	if s.leaveIdle() {
		s.pool.idle = slices.Insert(s.pool.idle, 0, s)
	}
}

// replaceStopped kills the worker. A call that it has not begun is queued again after its end.
func (s *slot) replaceStopped() {
	s.proc.replaced = true
	s.proc.kill()
}

// hasBegun reports whether the worker has begun the job. Without shared memory the pool cannot know,
// and hasBegun reports true.
func (s *slot) hasBegun(j *job) bool {
	task, known := s.proc.ch.lastBegun()
	return j.begun || !known || task == j.number
}

// state describes the state of the job and its worker, for an error.
func (s *slot) state(j *job) string {
	text := "still running"
	if !s.hasBegun(j) {
		text = "the function had not begun"
	}
	if s.proc.stopped {
		text = fmt.Sprintf("%s is stopped by a signal", s.proc.label)
	}
	return text
}
