package procpool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/frame"
)

// A slot has at most one worker. Its goroutine starts with the first job. It starts a
// worker, reads frames until the channel ends, reaps the worker, and begins again.
// The pool's lock guards the second group of fields.
type slot struct {
	pool *Pool
	id   int
	wake chan struct{} // a job was assigned, or the slot retires

	running   bool     // the goroutine runs
	starting  *process // a worker that is not ready yet
	proc      *process // the worker; nil: none
	job       *job     // assigned to the slot; nil: none
	jobs      int      // jobs that were sent to the worker
	failures  int      // starts that failed in a row
	stopping  bool     // the worker was asked to end
	prestart  bool     // the worker died: start another one before there is a job
	retired   bool     // the slot starts no more workers
	idleSince time.Time
	idleTimer *time.Timer // nil: not running
}

// assign gives a job to the slot. The slot must have none.
func (s *slot) assign(j *job) {
	j.slot, s.job = s, j
	switch {
	case s.proc != nil:
		s.send(j)
	case !s.running:
		s.running = true
		s.pool.slotsUp.Add(1)
		go s.run()
	default:
		s.notify()
	}
}

// notify wakes the goroutine of the slot. It does not block.
func (s *slot) notify() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// send posts the job to the worker. If a signal has stopped the worker, send kills it, and
// the slot keeps the job for the next worker.
func (s *slot) send(j *job) {
	if s.proc.stopped {
		s.replaceStopped()
		return
	}
	j.sent = time.Now()
	j.call.Started(s.proc.label)
	s.jobs++
	s.proc.errTail.beginCall()
	h := frame.CallHeader{ID: j.call.ID(), Func: j.call.Func()}
	if deadline, ok := j.call.Context().Deadline(); ok {
		h.Left = max(time.Until(deadline), 1)
	}
	p := queuedFrame{Frame: frame.Frame{Kind: frame.Task, Task: j.number, Body: j.call.Arg()}}
	if len(p.Body) > smallFrame {
		p.call = new(frame.CallHeader)
		*p.call = h
	} else {
		p.Header = h.Append(nil)
	}
	s.post(p)
}

// post queues a frame for the worker. Pool.unlock writes it.
func (s *slot) post(p queuedFrame) {
	s.proc.outbox.post(p)
	s.pool.posted = append(s.pool.posted, s.proc)
}

// run is the body of the slot's goroutine.
func (s *slot) run() {
	defer s.pool.slotsUp.Done()
	for s.awaitNeed() {
		proc, err := s.start()
		if err != nil {
			s.handleStartFailure(err)
			continue
		}
		s.readFrames(proc)
	}
}

// awaitNeed blocks until the slot needs a worker. It returns false if the slot has retired.
func (s *slot) awaitNeed() bool {
	for {
		s.pool.mu.Lock()
		if s.job == nil && !s.retired && !slices.Contains(s.pool.idle, s) {
			s.advance() // the job was cancelled, or the worker has ended
		}
		needed, over := s.job != nil || s.prestart, s.job == nil && s.retired
		s.prestart = false
		s.pool.unlock()
		switch {
		case over:
			return false
		case needed:
			return true
		}
		<-s.wake
	}
}

// start starts a worker and sends it the job of the slot.
func (s *slot) start() (*process, error) {
	p := s.pool
	p.mu.Lock()
	p.counts.started++
	p.unlock()
	proc, err := startProcess(s)
	p.mu.Lock()
	defer p.unlock()
	s.starting = nil
	if err != nil {
		return nil, err
	}
	p.failures, s.failures = 0, 0
	s.proc, s.jobs, s.stopping = proc, 0, false
	if s.job != nil {
		s.send(s.job)
	} else {
		s.advance()
	}
	return proc, nil
}

// setStarting stores a worker that was started and is not ready yet.
func (s *slot) setStarting(proc *process) {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	s.starting = proc
	switch {
	case proc.stopped:
		proc.kill()
	case s.pool.forced:
		proc.stop(s.pool.opts.KillGrace)
	}
}

// handleStartFailure handles a failed start, and then backs off exponentially.
// If another worker can take the job, the job goes back to the queue. Otherwise all waiting
// jobs fail after maxStarts failures in a row. If the worker started and then failed, the
// failures of all slots count. If the system created no process, only those of this slot
// count, and workers that are starting can take the job too.
func (s *slot) handleStartFailure(err error) {
	p := s.pool
	var start *startError
	created := errors.As(err, &start)
	p.mu.Lock()
	p.failures++
	s.failures++
	attempts, others := p.failures, p.hasWorker(!created)
	if !created {
		attempts = s.failures
	}
	if j := s.job; others && j != nil {
		s.job = nil
		p.requeue(j)
	}
	if attempts >= maxStarts && !others {
		failed := &StartError{Attempts: attempts, Err: err}
		if created {
			failed.Err, failed.StderrTail = start.err, start.tail
		}
		p.failures = 0
		for j := p.next(); j != nil; j = p.next() {
			p.finish(j, nil, failed)
		}
		for _, other := range p.slots {
			other.failures = 0
			if j := other.job; j != nil && j.sent.IsZero() {
				other.job = nil
				p.finish(j, nil, failed)
			}
		}
	}
	p.unlock()
	if attempts == maxStarts && others {
		p.opts.logger().Warn("procpool: cannot start a worker; other workers run the calls", "worker", s.id, "error", err)
	}
	backoff := time.NewTimer(firstBackoff << min(attempts, maxDoublings))
	defer backoff.Stop()
	switch {
	case others:
		select {
		case <-backoff.C:
		case <-p.drained:
		}
	case attempts < maxStarts:
		select {
		case <-backoff.C:
		case <-p.closing: // Close does not wait for the back-off
		}
	}
}

const (
	maxStarts    = 3
	firstBackoff = 5 * time.Millisecond
	maxDoublings = 8 // of firstBackoff: 1.28s at most
)

// hasWorker reports whether a slot has a worker that was not asked to end. If
// includeStarting is set, a worker that is not ready yet counts.
func (p *Pool) hasWorker(includeStarting bool) bool {
	return slices.ContainsFunc(p.slots, func(s *slot) bool { return s.proc != nil && !s.stopping || includeStarting && s.starting != nil })
}

// readFrames handles the frames of the worker until the channel ends, and then reaps it.
func (s *slot) readFrames(proc *process) {
	for {
		f, err := proc.in.Next()
		if err == nil {
			err = s.handle(proc, f)
		}
		if err != nil {
			s.reap(proc, err)
			return
		}
	}
}

// handle handles a frame of the worker. It returns an error if the frame is invalid.
// handle handles a frame of the worker. It returns an error if the frame is invalid.
func (s *slot) handle(proc *process, f frame.Frame) error {
	switch f.Kind {
	case frame.Started:
		s.markBegun(f.Task)
	case frame.Progress:
		r, err := frame.ParseReport(f.Header)
		if err != nil {
			return err
		}
		if j := s.jobOf(f.Task); j != nil {
			j.call.Progress(r.Done, r.Total, r.Note)
		}
	case frame.Result, frame.Failure:
		body, err := proc.body(f)
		if err != nil {
			return err
		}
		return s.handleAnswer(f, body)
	default:
		return fmt.Errorf("%w: a %v", errUnexpectedFrame, f.Kind)
	}
	return nil
}

var errUnexpectedFrame = errors.New("unexpected frame")

// jobOf returns the slot's job if it has that number, and nil otherwise.
func (s *slot) jobOf(number uint64) *job {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	if s.job != nil && s.job.number == number {
		return s.job
	}
	return nil
}

// markBegun records that the worker has begun the job with that number.
// markBegun records that the worker has begun the job with that number.
func (s *slot) markBegun(number uint64) {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	if j := s.job; j != nil && j.number == number {
		j.begun = true
	}
}

// handleAnswer finishes the job and sends the worker the next one.
func (s *slot) handleAnswer(f frame.Frame, body []byte) error {
	p := s.pool
	p.mu.Lock()
	defer p.unlock()
	j := s.job
	if j == nil || j.number != f.Task {
		return fmt.Errorf("%w: %v for task %d, which the worker does not have", errUnexpectedFrame, f.Kind, f.Task)
	}
	s.job = nil
	if f.Kind == frame.Result {
		p.finish(j, body, nil)
	} else {
		p.finish(j, nil, explainNotRegistered(j.call.Func(), asyncio.DecodeError(body)))
	}
	// After a panic the worker's memory may be inconsistent, and its locks may be held.
	if n := p.opts.TasksPerWorker; f.Flags&frame.Panicked != 0 || n > 0 && s.jobs >= n {
		s.stop()
		return nil
	}
	s.advance()
	return nil
}

// advance assigns the next job of the queue to the slot. If there is none, the slot is idle.
func (s *slot) advance() {
	p := s.pool
	if j := p.next(); j != nil {
		s.assign(j)
		return
	}
	s.leaveIdle()
	if s.proc == nil {
		p.idle = append([]*slot{s}, p.idle...)
	} else {
		p.idle = append(p.idle, s)
		s.idleSince = time.Now()
		if s.idleTimer == nil {
			s.idleTimer = time.AfterFunc(p.opts.IdleTimeout, s.idleTooLong)
		}
		if s.proc.stopped {
			s.avoidIdle()
		}
	}
	p.admitWaiters()
	if p.closed {
		s.retire()
	}
}

// leaveIdle removes the slot from the idle slots. It reports whether the slot was idle.
func (s *slot) leaveIdle() bool {
	i := slices.Index(s.pool.idle, s)
	if i >= 0 {
		s.pool.idle = slices.Delete(s.pool.idle, i, i+1)
	}
	return i >= 0
}

// idleTooLong stops a worker that was idle for Options.IdleTimeout. The timer is not reset
// for each job, which would cost more than the checks here.
func (s *slot) idleTooLong() {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	switch left := s.pool.opts.IdleTimeout - time.Since(s.idleSince); {
	case s.idleTimer == nil: // the timer had fired before it was stopped
	case s.job != nil:
		s.idleTimer = nil
	case left > 0:
		s.idleTimer.Reset(left)
	default:
		s.idleTimer = nil
		if s.leaveIdle() {
			s.stop()
		}
	}
}

func (s *slot) stopIdleTimer() {
	if s.idleTimer != nil {
		s.idleTimer.Stop()
		s.idleTimer = nil
	}
}

// stop asks the worker, which must be idle, to end. It is killed after Options.KillGrace.
func (s *slot) stop() {
	s.stopping = true
	s.proc.stop(s.pool.opts.KillGrace)
	if s.proc.stopped { // by a signal: it cannot read the end of the channel
		s.proc.kill()
	}
}

// retire ends the slot and its worker. The slot must have no job.
func (s *slot) retire() {
	s.retired = true
	s.stopIdleTimer()
	if s.proc != nil && !s.stopping {
		s.stop()
	}
	s.notify()
}

// cancel sends the cancellation to the worker. It kills the worker if the job has not ended
// after Options.KillGrace.
func (s *slot) cancel(j *job) {
	if j.sent.IsZero() { // the worker is starting
		s.job = nil
		s.pool.finish(j, nil, j.cancelError())
		return
	}
	j.grace = time.AfterFunc(s.pool.opts.KillGrace, func() { s.kill(j) })
	ctx := j.call.Context()
	if d, ok := ctx.Deadline(); ok && ctx.Err() == context.DeadlineExceeded && time.Until(d) < time.Millisecond {
		return // the ctx of the function has the same deadline
	}
	s.post(queuedFrame{Frame: frame.Frame{Kind: frame.Cancel, Task: j.number, Body: j.cancelled}})
}

// kill kills a worker that still runs a cancelled job, and finishes the job. It does not
// wait for the end of the worker.
func (s *slot) kill(j *job) {
	p := s.pool
	p.mu.Lock()
	defer p.unlock()
	if j.done || s.job != j || s.proc == nil {
		return
	}
	p.counts.killed++
	if p.closed {
		p.killed = append(p.killed, fmt.Sprintf("%s on worker %d (pid %d, %s)", j.call.Func(), s.id, s.proc.pid, s.state(j)))
	}
	err := j.killedError(p.opts.KillGrace, s.state(j))
	s.proc.kill()
	p.finish(j, nil, err)
}

// reap waits for the end of the process and finishes or requeues its job. Another worker
// starts at once unless this one was asked to end, or had no job in its life.
func (s *slot) reap(proc *process, readErr error) {
	end := proc.end(readErr)
	p := s.pool
	p.mu.Lock()
	end.replaced = proc.replaced
	j := s.job
	s.proc, s.job = nil, nil
	s.stopIdleTimer()
	s.leaveIdle()                          // the worker may have died while idle
	s.prestart = !s.stopping && s.jobs > 0 // a worker that dies before its first job would die again
	if j != nil && j.sent.IsZero() {       // send has kept the job for the next worker
		s.job = j
		p.unlock()
		proc.release()
		return
	}
	if j != nil && end.lastBegun == j.number {
		j.begun = true
	}
	switch {
	case j == nil || j.done:
	case !j.begun && j.cancelled != nil:
		p.finish(j, nil, j.cancelError())
	case !j.begun && end.replaced:
		p.requeue(j)
	case !j.begun && j.tries+1 < maxTries: // the job did not cause the death
		j.tries++
		p.requeue(j)
	default:
		p.finish(j, nil, end.crash(j, p.opts))
	}
	p.unlock()
	proc.release()
}

// current returns the ID and the function of the slot's call, or empty strings.
func (s *slot) current() (call, fn string) {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	if s.job != nil {
		return s.job.call.ID(), s.job.call.Func()
	}
	return "", ""
}
