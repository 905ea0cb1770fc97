// Package flight keeps the last seconds of the program's execution trace, and
// writes them to files. It knows nothing of loops.
//
// A process can have one flight recorder: those who [Start] share it, and it stops
// with the last of them. What the standard library says of its own bounds is a hint
// only: whole generations of the trace are kept, of a second each, so that a program
// that does nothing but switch goroutines has some 100 MB of them.
package flight

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/trace"
	"sync"
	"time"
)

// recorder is the process's.
var recorder = struct {
	sync.Mutex
	*trace.FlightRecorder
	users   int           // recordings, and snapshots being written; 0: it is not running
	writing chan struct{} // full while somebody writes: the recorder allows one at a time
}{writing: make(chan struct{}, 1)}

const (
	window   = 10 * time.Second // that is kept at least, unless there is more than maxBytes of it
	maxBytes = 8 << 20
	patience = time.Second // for another's snapshot
)

// A Recording is one user's part in the recorder.
type Recording struct {
	dir, name string
	stopped   bool // behind the recorder's lock
	files     files
}

// Start begins to record, or joins those who do, for snapshots in dir whose names
// hold the given one. A stall is seen after age: as much is kept at least, if this is
// the first Start. It fails if nothing can be written in dir, and if the program has a
// flight recorder of its own.
func Start(dir, name string, age time.Duration) (*Recording, error) {
	dir, err := writable(dir)
	if err != nil {
		return nil, err
	}
	recorder.Lock()
	defer recorder.Unlock()
	if recorder.users == 0 {
		r := trace.NewFlightRecorder(trace.FlightRecorderConfig{MinAge: max(window, 2*age), MaxBytes: maxBytes})
		if err := r.Start(); err != nil {
			return nil, fmt.Errorf("a process can have one flight recorder, and this one's would not start: %w", err)
		}
		recorder.FlightRecorder = r
	}
	recorder.users++
	return &Recording{dir: dir, name: name}, nil
}

// writable returns the whole path of dir if files can be made there.
func writable(dir string) (string, error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(whole, ".asyncio-*")
	if err != nil {
		return "", err
	}
	f.Close()
	return whole, os.Remove(f.Name())
}

// Stop ends the recording. It does not wait for a snapshot being written: then the
// recorder stops after that. A second call does nothing.
func (r *Recording) Stop() {
	recorder.Lock()
	defer recorder.Unlock()
	if !r.stopped {
		r.stopped = true
		leave()
	}
}

// leave is called with the lock held.
func leave() {
	if recorder.users--; recorder.users == 0 {
		recorder.Stop()
		recorder.FlightRecorder = nil
	}
}

// enter keeps the recorder from stopping, unless the recording has stopped.
func (r *Recording) enter() *trace.FlightRecorder {
	recorder.Lock()
	defer recorder.Unlock()
	if r.stopped {
		return nil
	}
	recorder.users++
	return recorder.FlightRecorder
}

// Snapshot writes what happened up to now to a file that only the user may read, and
// returns its path. It is whole, or not there at all. After Stop the path is empty. From
// one goroutine at a time.
func (r *Recording) Snapshot() (path string, err error) {
	running := r.enter()
	if running == nil {
		return "", nil
	}
	defer func() {
		recorder.Lock()
		defer recorder.Unlock()
		leave()
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case recorder.writing <- struct{}{}:
		defer func() { <-recorder.writing }()
	case <-late.C:
		return "", errors.New("another snapshot is being written still, after " + patience.String())
	}
	return r.files.write(r.dir, r.name, running)
}
