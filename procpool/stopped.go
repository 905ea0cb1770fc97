package procpool

import (
	"fmt"
	"log/slog"
	"slices"
)

// stoppedBySignal is called when a signal such as SIGSTOP has stopped a worker, and when it was
// continued. A call that it has not begun goes to another worker: this one is killed first, so that
// it cannot begin the call later. An idle worker is left alone, and used last.
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
		p.opts.logger().Warn("procpool: a worker is stopped by a signal; "+notice, attrs...)
	}
}

// avoidStopped does what can be done about a worker that has been stopped, and says what. The lock is
// held.
func (s *slot) avoidStopped(proc *process) (notice string, j *job) {
	j = s.job
	switch {
	case s.coming == proc:
		proc.kill()
		return "it was killed, as it was not ready", nil
	case s.proc != proc:
	case s.stopping:
		proc.kill()
	case j == nil:
		s.avoidIdle()
	case s.hasBegun(j):
		return "its call goes on when it is continued by SIGCONT", j
	default:
		s.replaceStopped()
		return "it was killed, and its call, which it had not begun, goes to another", j
	}
	return "", nil
}

// avoidIdle makes the slot, if it is idle, the last that gets a job.
func (s *slot) avoidIdle() {
	if s.leaveIdle() {
		s.pool.idle = slices.Insert(s.pool.idle, 0, s)
	}
}

// replaceStopped kills the worker. What it has not begun is given back when it is gone.
func (s *slot) replaceStopped() {
	s.proc.replaced = true
	s.proc.kill()
}

// hasBegun reports whether the worker has begun the job, or may have: where no memory is shared, its
// frame may be on the way.
func (s *slot) hasBegun(j *job) bool {
	task, known := s.proc.ch.noted()
	return j.begun || !known || task == j.number
}

// state describes the worker of a job in an error.
func (s *slot) state(j *job) string {
	text := "still running"
	if !s.hasBegun(j) {
		text = "the function had not begun"
	}
	if s.proc.stopped {
		text = fmt.Sprintf("%s is stopped by a signal", s.proc.where)
	}
	return text
}
