package procpool

import (
	"container/list"
	"context"
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A job is a call on its way through the pool:
//
//	queued --a slot takes it--> assigned --its worker is ready--> sent --the worker begins--> begun --> done
//
// It is done from anywhere, once. A worker that dies before it has begun the job gives
// it back to the queue. The pool's lock guards it.
type job struct {
	call     *asyncio.Call
	number   uint64
	accepted time.Time
	unwatch  func() bool // of the call's Context

	place     *list.Element // in Pool.queue; nil when it is not there
	slot      *slot
	sent      time.Time // zero: not yet
	begun     bool      // the worker has said so
	tries     int       // workers that died before
	cancelled []byte    // the cause, encoded, once cancelled
	grace     *time.Timer
	killed    bool
	done      bool
}

// mostTries is how many workers may die under a job before they say that they have
// begun it, until it is taken for the reason.
const mostTries = 3

// cancelError is the error of a call that was cancelled before it ran.
func (j *job) cancelError() error {
	if err := j.call.Context().Err(); err != nil {
		return err
	}
	return fmt.Errorf("%w: %q was cancelled", asyncio.ErrExecutorClosed, j.call.Func())
}

// killedError returns the error of a call whose worker was killed. state describes the worker.
func (j *job) killedError(grace time.Duration, state string) error {
	reason := j.call.Context().Err()
	if reason == nil {
		reason = fmt.Errorf("%w: %w", asyncio.ErrExecutorClosed, context.Canceled)
	}
	return &killedError{fmt.Sprintf("procpool: call of %q: killed %v after cancellation (Options.KillGrace): %s: %v", j.call.Func(), grace, state, reason), reason}
}
