package procpool

import (
	"container/list"
	"context"
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A job is a call in the pool. Its states:
//
//	queued --a slot takes it--> assigned --its worker is ready--> sent --the worker begins--> begun --> done
//
// Each state can change to done. If a worker dies after the job was sent and before it has
// begun, the job is queued again. The pool's lock guards the fields.
type job struct {
	call     *asyncio.Call
	number   uint64
	accepted time.Time
	unwatch  func() bool // stops the AfterFunc of the call's Context

	elem      *list.Element // in Pool.queue; nil: not queued
	slot      *slot         // nil: not assigned
	sent      time.Time     // zero: not sent
	begun     bool          // the worker has reported that it has begun the job
	tries     int           // workers that died after the job was sent and before it had begun
	cancelled []byte        // the encoded cause; nil: not cancelled
	grace     *time.Timer   // kills the worker; nil: not cancelled
	done      bool
}

// maxTries is the number of workers that die before they begin a job, after which the job
// fails with a WorkerCrash.
const maxTries = 3

// cancelError returns the error of a call that was cancelled before it ran.
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
