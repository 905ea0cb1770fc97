package procpool

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
)

// workerEnv is set in workers, to their orders.
const workerEnv = "ASYNCIO_WORKER"

// ErrNoMain is returned by New in a program whose main did not call Main.
var ErrNoMain = errors.New("procpool: Main was not called: make procpool.Main() the first line of main, and of TestMain in tests, since workers are this program started again and must not run the rest of it")

var errInWorker = errors.New("procpool: New was called in a worker process: a function that runs in one has no pool of its own")

var (
	mainCalled, inWorker atomic.Bool
	// known are the functions that were registered when Main was called: the same ones in
	// a worker of the same build. What the program registers later, workers do not have.
	known []string
)

// Main must be the first line of main, and of TestMain in tests that use a pool. In
// a worker process it serves the pool and never returns. Everywhere else it returns
// at once.
func Main() {
	text, isWorker := os.LookupEnv(workerEnv)
	inWorker.Store(isWorker)
	if !mainCalled.Load() {
		known = asyncio.Registered()
	}
	if !isWorker {
		mainCalled.Store(true)
		return
	}
	os.Unsetenv(workerEnv) // programs that a function starts are no workers
	var o orders
	err := json.Unmarshal([]byte(text), &o)
	if err == nil && o.Version != version {
		err = fmt.Errorf("version %d of the pool, %d of the worker: the program was replaced", o.Version, version)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "procpool: this process was started as a worker, but %s=%q: %v\n", workerEnv, text, err)
		os.Exit(exitOrders)
	}
	serve(o)
}

// orders are what the pool tells a worker at its start.
type orders struct {
	Version     int
	ID          int // of the slot
	Parent      int // the pool's process
	Nice        int
	MemoryLimit int64
	MaxMessage  int64
	InitBy      int64 // deadline of Init's ctx, in nanoseconds of Unix time
	Init        *initRef
}

// version of what pool and worker say to each other.
const version = 1

// Exit codes of a worker that could not begin.
const (
	exitOrders = 120 + iota
	exitChannel
	exitLimits
	exitInit
)
