package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/asyncio-go/asyncio"
)

// A job is one upload on its way to a thumbnail. Jobs are touched by tasks of
// the loop only, and need no lock: tasks take turns.
type job struct {
	id      string
	task    asyncio.AnyTask
	state   state
	changed *asyncio.Event // set, and replaced, at the next change
	errText string

	note        string // what the computation is at
	done, total int64
}

// state says how far a job has come.
type state string

const (
	receiving state = "receiving" // the body is on its way
	waiting   state = "waiting"   // for a worker
	working   state = "working"
	finished  state = "finished"
	failed    state = "failed"
	cancelled state = "cancelled"
)

func (s state) ended() bool { return s == finished || s == failed || s == cancelled }

// change announces what update does to the job.
func (j *job) change(update func()) {
	update()
	j.changed.Set()
	j.changed = new(asyncio.Event)
}

// progress is called on the loop with what the computation tells.
func (j *job) progress(done, total int64, note string) {
	j.change(func() { j.state, j.note, j.done, j.total = working, note, done, total })
}

// jobs are those under way, and the latest of those that have ended.
type jobs struct {
	limit  int // under way at once
	byID   map[string]*job
	active int
	ended  []string // oldest first
	count  int
}

const remembered = 100 // jobs that have ended

var (
	errBusy  = errors.New("too many thumbnails are being made, try again later")
	errTaken = errors.New("a job of that name is under way")
)

func newJobs(limit int) *jobs {
	return &jobs{limit: limit, byID: map[string]*job{}}
}

// begin makes a job for the task, with a number for a name if it has none. It
// refuses when enough are under way.
func (js *jobs) begin(id string, task asyncio.AnyTask) (*job, error) {
	if js.active >= js.limit {
		return nil, errBusy
	}
	if id == "" {
		id = js.number()
	}
	if old := js.byID[id]; old != nil {
		if !old.state.ended() {
			return nil, fmt.Errorf("%w: %q", errTaken, id)
		}
		js.forget(id)
	}
	j := &job{id: id, task: task, state: receiving, changed: new(asyncio.Event)}
	js.byID[id] = j
	js.active++
	return j, nil
}

// number returns the next number that is nobody's name.
func (js *jobs) number() string {
	for {
		js.count++
		if id := strconv.Itoa(js.count); js.byID[id] == nil {
			return id
		}
	}
}

// end says how the job ended.
func (js *jobs) end(j *job, how state, err error) {
	j.change(func() {
		j.state = how
		if err != nil {
			j.errText = err.Error()
		}
	})
	js.active--
	js.ended = append(js.ended, j.id)
	if len(js.ended) > remembered {
		js.forget(js.ended[0])
	}
}

func (js *jobs) forget(id string) {
	delete(js.byID, id)
	js.ended = slices.DeleteFunc(js.ended, func(other string) bool { return other == id })
}

// cancel cancels what is under way, and returns how many jobs that were.
func (js *jobs) cancel(cause error) int {
	for _, j := range js.byID {
		if !j.state.ended() {
			j.task.Cancel(cause)
		}
	}
	return js.active
}

// working returns how many thumbnails are being made at this moment.
func (js *jobs) working() (n int) {
	for _, j := range js.byID {
		if j.state == working {
			n++
		}
	}
	return n
}
