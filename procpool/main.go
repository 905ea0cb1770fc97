package procpool

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/asyncio-go/asyncio"
)

// workerEnv is the environment variable with the workerConfig of a worker, as JSON.
const workerEnv = "ASYNCIO_WORKER"

// ErrNoMain is returned by New in a program whose main did not call Main.
var ErrNoMain = errors.New("procpool: New: Main was not called; make procpool.Main() the first line of main, and of TestMain in tests: a worker is the same program, and must not run the rest of main")

var errInWorker = errors.New("procpool: New: a worker process cannot have a pool")

var (
	mainCalled, inWorker atomic.Bool
	// known are the names of the functions that were registered before Main. A worker of
	// the same build has the same functions.
	known []string
)

// Main must be the first line of main, and of TestMain in tests that use a pool. In a
// worker process it runs the calls of the pool and does not return. In other processes it
// returns at once.
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
	os.Unsetenv(workerEnv) // programs that a function starts are not workers
	var o workerConfig
	err := json.Unmarshal([]byte(text), &o)
	if err == nil && o.Version != version {
		err = fmt.Errorf("protocol version %d: must be %d; the program file was replaced", o.Version, version)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "procpool: this process was started as a worker, but %s=%q: %v\n", workerEnv, text, err)
		os.Exit(exitConfig)
	}
	serve(o)
}

// A workerConfig is what a worker gets from the pool at its start.
type workerConfig struct {
	Version     int
	ID          int // of the slot
	Parent      int // the pid of the pool's process
	Nice        int
	MemoryLimit int64
	MaxMessage  int64
	InitBy      int64 // deadline of Init's ctx, in nanoseconds of Unix time
	Init        *initRef
}

// version is the version of the wire protocol.
const version = 1

// Exit codes of a worker that failed to start.
const (
	exitConfig = 120 + iota
	exitChannel
	exitLimits
	exitInit
)
