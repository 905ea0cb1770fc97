package stalls

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A result is the output of a program for the test.
type result struct {
	Begin, End time.Time
	Reports    []report
	Err        string
}

// A report records a call of the stall handler.
type report struct {
	At                                                  time.Time
	Class, Place, Func, Call, Inside, By, Blame, Advice string
	Elapsed, RunDelay                                   time.Duration
	Ended                                               bool
}

func (r report) String() string {
	ended := ""
	if r.Ended {
		ended = ", ended"
	}
	return fmt.Sprintf("%s at %s call=%q inside=%q by %q, %v%s\n\t\tblame: %s\n\t\tadvice: %s", r.Class, r.Place, r.Call, r.Inside, r.By,
		r.Elapsed.Round(time.Millisecond), ended, r.Blame, r.Advice)
}

// Execute runs the program on a loop with a heartbeat, and writes a result in JSON.
func Execute(name string, out io.Writer) error {
	i := slices.IndexFunc(programs, func(p program) bool { return p.name == name })
	if i < 0 {
		return fmt.Errorf("no program is named %q", name)
	}
	p := programs[i]
	var mu sync.Mutex
	var res result
	record := func(s asyncio.Stall) {
		mu.Lock()
		defer mu.Unlock()
		place := ""
		if s.File != "" {
			place = fmt.Sprintf("%s:%d", filepath.Base(s.File), s.Line)
		}
		res.Reports = append(res.Reports, report{time.Now(), s.Class.String(), place, s.Func, s.Call, s.Inside, s.TaskName, s.Blame, s.Advice, s.Elapsed, s.RunDelay, s.Ended})
	}
	ended := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.ContainsFunc(res.Reports, func(r report) bool { return r.Ended })
	}
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		beat := asyncio.Go(ctx, heartbeat, asyncio.Name("heartbeat"))
		_, err := asyncio.Go(ctx, p.run, asyncio.Name(p.task())).Await(ctx)
		for range 100 { // the end is reported soon after it
			if ended() {
				break
			}
			asyncio.Sleep(ctx, 20*time.Millisecond)
		}
		beat.Cancel(nil)
		if err != nil {
			res.Err = err.Error()
		}
		return nil
	}, append(p.opts, asyncio.WithStallHandler(record))...)
	mu.Lock()
	defer mu.Unlock()
	res.Begin, res.End = block.begin, block.end
	return json.NewEncoder(out).Encode(res)
}

// heartbeat is a task that keeps the loop in use.
func heartbeat(ctx context.Context) error {
	for {
		if err := asyncio.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}
