package engine

import (
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio/internal/registry"
	"github.com/asyncio-go/asyncio/internal/timerheap"
)

// A Loop runs tasks and callbacks, one at a time. Unless stated otherwise, the loop owns a field: only
// the loop's thread of control reads and writes it.
type Loop struct {
	// Fixed before the start.
	cfg    Config
	base   time.Time // when the loop's clock was 0
	root   *Scope
	Public any // the public handle

	Net       any // state of package aionet
	Conns     Connections
	logLimits logLimits

	cur        atomic.Pointer[runner] // the runner whose step runs; nil: asleep or not running. For any goroutine
	life       atomic.Uint32          // for any goroutine
	closed     chan struct{}          // closed when the loop has ended
	rootRunner runner

	tasks
	scheduling
	waiting
	watching
	ending
}

// tasks are the fields for the tasks of a loop and their contexts.
type tasks struct {
	ids       atomic.Uint64           // the last ID given out; the loop takes IDs in blocks. For any goroutine
	registry  registry.Registry[Task] // for any goroutine
	bridges   bridges                 // for any goroutine
	nextID    uint64                  // next ID of the block, which ends before endID
	endID     uint64
	confined  int               // confined tasks that have not ended
	search    search            // for wait cycles
	deadlocks map[*runner]error // errors of waits that were ended, until their tasks run
	failures  failures
	finished  finished
}

// scheduling are the fields with which a loop selects the next task or callback.
type scheduling struct {
	ready     readyQueue
	left      int // entries of this turn still to run
	size      int // number of entries of this turn
	turns     uint64
	rootMask  uint64  // a turn begins on the root if turns has none of these bits
	handoff   *Task   // the task that runs next, between two runners; nil: the root
	calling   calling // the callback that runs, or the last one of the turn
	idle      []*runner
	leastIdle int // since trimmedAt
	trimmedAt int64
	counters  counters
	tracer    Tracer      // nil: none; fixed before the start
	Slice     atomic.Bool // the running step has used up its time slice. For any goroutine
}

// waiting are the fields with which a loop waits for timers, other goroutines and the poller.
type waiting struct {
	timers         timerheap.Heap
	inbox          inbox         // for any goroutine
	signal         atomic.Uint32 // for any goroutine
	asleep         atomic.Bool   // for any goroutine
	wakeUp         chan struct{}
	poller         atomic.Pointer[Poller] // waits in place of wakeUp; nil: the loop has no network
	polledAt       int64                  // when the poller was last asked
	sleeper        *time.Timer
	yieldProcessor bool        // see YieldProcessor
	lingers        atomic.Bool // see awaitReceivers
}

// watching are the fields with which a loop is observed from other goroutines.
type watching struct {
	meters meters
	dumps  atomic.Uint32 // see progress

	// Shared with the monitor.
	mark          atomic.Bool  // set by the monitor, cleared at the end of the step
	markedAt      atomic.Int64 // when the mark was set; math.MaxInt64 until that is known
	markedCPU     atomic.Int64 // CPU time of the process at markedAt
	turnBegan     atomic.Int64 // see pace
	slow          atomic.Pointer[slowStep]
	oddity        atomic.Pointer[news] // an anomaly that is not a slow step
	monitorParked atomic.Bool
	monitorWake   chan struct{}
	monitorWoken  atomic.Int64  // when it was last woken
	monitorDone   chan struct{} // nil: no monitor
	watch         watch
	flight        Flight // nil: none; fixed before the monitor starts

	pace         pace
	stackMarker  *stackMarker // of the coroutines' stacks
	markerNumber int
	overtime     *overtime // nil: steps may take virtual time
	lateAfter    int64     // the lateness from which on a timer is reported
}

// ending are the fields of the end of Run.
type ending struct {
	stop    shutdown
	closing WaitList // waiters for the end of the loop
	settled bool     // drain reports the errors that no caller has received
	stalled []error  // stalls that are errors of Run
}
