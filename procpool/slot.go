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

// A slot is the place of one worker. Its goroutine, started with the first job, goes
// round: start a worker, listen to it until its channel ends, bury it. So a
// replacement cannot be forgotten. The pool's lock guards the fields below it.
type slot struct {
	pool *Pool
	id   int
	wake chan struct{} // a job was assigned, or the slot retires

	up        bool     // the goroutine runs
	coming    *process // started, and not ready yet
	proc      *process
	job       *job
	served    int // jobs of the process
	failures  int // starts that failed in a row
	stopping  bool
	warm      bool // its worker died: the next one starts before there is a job
	retired   bool
	idleSince time.Time
	idleTimer *time.Timer // nil: not running
}

// assign gives the job to the slot, which must have none.
func (s *slot) assign(j *job) {
	j.slot, s.job = s, j
	switch {
	case s.proc != nil:
		s.send(j)
	case !s.up:
		s.up = true
		s.pool.slotsUp.Add(1)
		go s.keep()
	default:
		s.poke()
	}
}

func (s *slot) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// send posts the job to the worker. If a signal has stopped the worker, send replaces it, and the slot
// keeps the job for the next worker.
func (s *slot) send(j *job) {
	if s.proc.stopped {
		s.replaceStopped()
		return
	}
	j.sent = time.Now()
	j.call.Started(s.proc.where)
	s.served++
	s.proc.errTail.begin()
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

// keep is the slot's goroutine.
func (s *slot) keep() {
	defer s.pool.slotsUp.Done()
	for s.wanted() {
		proc, err := s.start()
		if err != nil {
			s.startFailed(err)
			continue
		}
		s.listen(proc)
	}
}

// wanted waits until the slot needs a worker; false: it never will.
func (s *slot) wanted() bool {
	for {
		s.pool.mu.Lock()
		if s.job == nil && !s.retired && !slices.Contains(s.pool.idle, s) {
			s.advance() // its job has left it, or its worker
		}
		needed, over := s.job != nil || s.warm, s.job == nil && s.retired
		s.warm = false
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

// start starts a worker and gives it the slot's job.
func (s *slot) start() (*process, error) {
	p := s.pool
	p.mu.Lock()
	p.counts.started++
	p.unlock()
	proc, err := startProcess(s)
	p.mu.Lock()
	defer p.unlock()
	s.coming = nil
	if err != nil {
		return nil, err
	}
	p.failures, s.failures = 0, 0
	s.proc, s.served, s.stopping = proc, 0, false
	if s.job != nil {
		s.send(s.job)
	} else {
		s.advance()
	}
	return proc, nil
}

// comes is called when the worker has been started, and is not ready yet.
func (s *slot) comes(proc *process) {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	s.coming = proc
	switch {
	case proc.stopped:
		proc.kill()
	case s.pool.forced:
		proc.stop(s.pool.opts.KillGrace)
	}
}

// startFailed waits a little longer after each failure. While other workers are up, they
// get the call; otherwise those that wait fail after several failures in a row. Where the
// system made no process, as it may have none to spare just now, these are the slot's own
// failures, and others that come are waited for.
func (s *slot) startFailed(err error) {
	p := s.pool
	var start *startError
	ran := errors.As(err, &start)
	p.mu.Lock()
	p.failures++
	s.failures++
	attempts, others := p.failures, p.hasWorker(!ran)
	if !ran {
		attempts = s.failures
	}
	if j := s.job; others && j != nil {
		s.job = nil
		p.giveBack(j)
	}
	if attempts >= mostStarts && !others {
		failed := &StartError{Attempts: attempts, Err: err}
		if ran {
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
	if attempts == mostStarts && others {
		p.opts.logger().Warn("procpool: a worker could not be started; the others go on", "worker", s.id, "error", err)
	}
	pause := time.NewTimer(firstPause << min(attempts, longestPause))
	defer pause.Stop()
	switch {
	case others:
		select {
		case <-pause.C:
		case <-p.drained:
		}
	case attempts < mostStarts:
		select {
		case <-pause.C:
		case <-p.closing: // those who still wait are served without a pause
		}
	}
}

const (
	mostStarts   = 3
	firstPause   = 5 * time.Millisecond
	longestPause = 8 // times twice the first: a good second
)

// hasWorker reports whether a worker is up, and is to go on, or else perhaps comes.
func (p *Pool) hasWorker(orComes bool) bool {
	return slices.ContainsFunc(p.slots, func(s *slot) bool { return s.proc != nil && !s.stopping || orComes && s.coming != nil })
}

// listen reads what the worker says until its channel ends, and buries it.
func (s *slot) listen(proc *process) {
	for {
		f, err := proc.in.Next()
		if err == nil {
			err = s.heard(proc, f)
		}
		if err != nil {
			s.bury(proc, err)
			return
		}
	}
}

func (s *slot) heard(proc *process, f frame.Frame) error {
	switch f.Kind {
	case frame.Started:
		s.begun(f.Task)
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
		return s.answered(f, body)
	default:
		return fmt.Errorf("%w: a %v", errOutOfTurn, f.Kind)
	}
	return nil
}

var errOutOfTurn = errors.New("a frame that no worker sends")

func (s *slot) jobOf(number uint64) *job {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	if s.job != nil && s.job.number == number {
		return s.job
	}
	return nil
}

func (s *slot) begun(number uint64) {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	if j := s.job; j != nil && j.number == number {
		j.begun = true
	}
}

// answered finishes the job and gives the worker the next.
func (s *slot) answered(f frame.Frame, body []byte) error {
	p := s.pool
	p.mu.Lock()
	defer p.unlock()
	j := s.job
	if j == nil || j.number != f.Task {
		return fmt.Errorf("%w: an answer to call %d", errOutOfTurn, f.Task)
	}
	s.job = nil
	if f.Kind == frame.Result {
		p.finish(j, body, nil)
	} else {
		p.finish(j, nil, explainLate(j.call.Func(), asyncio.DecodeError(body)))
	}
	// A panic may have left locks held and structures half changed.
	if n := p.opts.TasksPerWorker; f.Flags&frame.Panicked != 0 || n > 0 && s.served >= n {
		s.stop()
		return nil
	}
	s.advance()
	return nil
}

// advance takes the next job, or puts the slot among the idle ones.
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
	p.invite()
	if p.closed {
		s.retire()
	}
}

// leaveIdle takes the slot out of the idle ones, if it is there.
func (s *slot) leaveIdle() bool {
	i := slices.Index(s.pool.idle, s)
	if i >= 0 {
		s.pool.idle = slices.Delete(s.pool.idle, i, i+1)
	}
	return i >= 0
}

// idleTooLong stops a worker that had nothing to do for long. The timer runs on while
// there are jobs, as to set it for each would cost more than to look again.
func (s *slot) idleTooLong() {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	switch left := s.pool.opts.IdleTimeout - time.Since(s.idleSince); {
	case s.idleTimer == nil: // stopped too late
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

// stop has the worker, which runs nothing, end by itself; a slow one is killed.
func (s *slot) stop() {
	s.stopping = true
	s.proc.stop(s.pool.opts.KillGrace)
	if s.proc.stopped { // it does not read the end of the channel
		s.proc.kill()
	}
}

// retire ends the slot, which has no job, and its worker.
func (s *slot) retire() {
	s.retired = true
	s.stopIdleTimer()
	if s.proc != nil && !s.stopping {
		s.stop()
	}
	s.poke()
}

// cancel sends the cancellation to the worker, and kills the worker if the job has not ended after
// Options.KillGrace.
func (s *slot) cancel(j *job) {
	if j.sent.IsZero() { // its worker is being started
		s.job = nil
		s.pool.finish(j, nil, j.cancelError())
		return
	}
	j.grace = time.AfterFunc(s.pool.opts.KillGrace, func() { s.kill(j) })
	ctx := j.call.Context()
	if d, ok := ctx.Deadline(); ok && ctx.Err() == context.DeadlineExceeded && time.Until(d) < time.Millisecond {
		return // the function's ctx has the deadline too, and ends with the same error
	}
	s.post(queuedFrame{Frame: frame.Frame{Kind: frame.Cancel, Task: j.number, Body: j.cancelled}})
}

// kill ends a worker that goes on with a cancelled job. The caller does not wait
// for its end.
func (s *slot) kill(j *job) {
	p := s.pool
	p.mu.Lock()
	defer p.unlock()
	if j.done || s.job != j || s.proc == nil {
		return
	}
	j.killed = true
	p.counts.killed++
	if p.closed {
		p.killed = append(p.killed, fmt.Sprintf("%s on worker %d (pid %d, %s)", j.call.Func(), s.id, s.proc.pid, s.state(j)))
	}
	err := j.killedError(p.opts.KillGrace, s.state(j))
	s.proc.kill()
	p.finish(j, nil, err)
}

// bury waits for the end of the process, settles what it had begun, and keeps the
// slot warm with another worker unless this one was stopped.
func (s *slot) bury(proc *process, why error) {
	end := proc.end(why)
	p := s.pool
	p.mu.Lock()
	end.replaced = proc.replaced
	j := s.job
	s.proc, s.job = nil, nil
	s.stopIdleTimer()
	s.leaveIdle()                        // it died while idle
	s.warm = !s.stopping && s.served > 0 // one that dies unused would do so again
	if j != nil && j.sent.IsZero() {     // the slot has kept the job: see send
		s.job = j
		p.unlock()
		proc.forget()
		return
	}
	if j != nil && end.noted == j.number {
		j.begun = true
	}
	switch {
	case j == nil || j.done:
	case !j.begun && j.cancelled != nil:
		p.finish(j, nil, j.cancelError())
	case !j.begun && end.replaced:
		p.giveBack(j)
	case !j.begun && j.tries+1 < mostTries: // not to blame
		j.tries++
		p.giveBack(j)
	default:
		p.finish(j, nil, end.crash(j, p.opts))
	}
	p.unlock()
	proc.forget()
}

func (s *slot) current() (call, fn string) {
	s.pool.mu.Lock()
	defer s.pool.unlock()
	if s.job != nil {
		return s.job.call.ID(), s.job.call.Func()
	}
	return "", ""
}
