//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

const (
	stepWork   = 5 * time.Millisecond // computation in a step
	culprits   = 3                    // thresholds of computation of the culprit, unless it is blamed before
	steppers   = 3                    // number of tasks: their turn is well below a threshold
	leastSteps = 4                    // minimum steps of each task, however slow the machine
	spinners   = 8
	litterers  = 4
)

var sink atomic.Uint64

// A step is a fixed amount of computation. The disturbances change only its duration by the clock.

// compute does the given number of units of work.
func compute(units int) {
	x := uint64(units)
	for range units {
		for range unitRounds {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
		}
	}
	sink.Store(x)
}

const unitRounds = 20_000

// unit returns the duration of a unit without disturbances: the minimum of many.
func unit() time.Duration {
	least := time.Hour
	for range 500 {
		began := time.Now()
		compute(1)
		least = min(least, time.Since(began))
	}
	return max(least, time.Nanosecond)
}

// suffer runs the phase on a loop, for the duration d by the clock.
func suffer(p phase, d, threshold time.Duration) verdict {
	per := unit()
	trouble(p)
	v := verdict{Reports: map[string]int{}}
	var mu sync.Mutex // the watch's goroutine reports
	var found atomic.Bool
	heard := make(chan struct{}) // closed after the last report of the culprit
	handler := func(s asyncio.Stall) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case s.TaskName == "culprit":
			if blames(s.Class) {
				found.Store(true)
			} else {
				v.Instead = fmt.Sprintf("%v\n  evidence: %s", s, evidence(s))
			}
			if s.Ended {
				close(heard)
			}
		case blames(s.Class):
			v.Blames = append(v.Blames, fmt.Sprintf("%v\n  evidence: %s", s, evidence(s)))
			fallthrough
		default:
			v.Reports[s.Class.String()]++
		}
	}
	end := time.Now().Add(d)
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		if serve := services[p.service]; serve != nil {
			found.Store(true)
			return serve(ctx, func() bool { return !time.Now().Before(end) }, func() { v.Steps++ })
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range steppers {
				asyncio.Go(ctx, func(ctx context.Context) error {
					for i := 0; i < leastSteps || time.Now().Before(end); i++ {
						began := time.Now()
						compute(int(stepWork / per))
						v.Steps++
						if time.Since(began) > threshold {
							v.Long++
						}
						rest := time.Duration(0) // a turn
						if i%4 == 3 {
							rest = time.Millisecond
						}
						if err := asyncio.Sleep(ctx, rest); err != nil {
							return err
						}
					}
					return nil
				}, asyncio.Name("stepper"))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !p.culprit {
			found.Store(true)
			return nil
		}
		culprit := asyncio.Go(ctx, func(context.Context) error {
			for n := culprits * threshold / per; n > 0 && !found.Load(); n-- {
				compute(1)
			}
			return nil
		}, asyncio.Name("culprit"))
		if _, err = culprit.Await(ctx); err != nil {
			return err
		}
		_, _, err = asyncio.Recv(ctx, heard)
		return err
	}, asyncio.WithStallThreshold(threshold), asyncio.WithStallHandler(handler), asyncio.WithLogger(slog.New(slog.DiscardHandler)),
		func(c *engine.Config) { c.EveryStall = true })
	mu.Lock()
	defer mu.Unlock()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
	v.Found = found.Load()
	return v
}

func evidence(s asyncio.Stall) string {
	return fmt.Sprintf("cpu %.2f, queued %v, rivals %d, samples %d", s.CPUShare, s.RunDelay, s.Rivals, s.Samples)
}

// blames reports whether a report of the class blames a task.
func blames(c asyncio.StallClass) bool {
	switch c {
	case asyncio.StallGC, asyncio.StallStarvedGo, asyncio.StallStarvedOS, asyncio.StallSuspended, asyncio.StallLateTimer:
		return false
	}
	return true
}

// trouble starts the disturbances of the phase that run in this process. They end with the process.
func trouble(p phase) {
	if p.spinners {
		for range spinners {
			go func() {
				for n := uint64(0); ; n++ {
					sink.Store(n)
				}
			}()
		}
	}
	if p.garbage {
		for range litterers {
			go litter()
		}
	}
}

// A leaf is garbage with pointers, which is work for the collector.
type leaf struct{ left, right *leaf }

func grow(depth int) *leaf {
	if depth == 0 {
		return &leaf{}
	}
	return &leaf{grow(depth - 1), grow(depth - 1)}
}

func litter() {
	for {
		tree := grow(16)
		runtime.KeepAlive(tree)
	}
}
