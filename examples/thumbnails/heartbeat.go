package main

import (
	"context"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A heartbeat is a task that wants to run every so often. How late it gets its
// turn is how late everything on the loop is.
type heartbeat struct {
	every time.Duration
	due   time.Time // the next beat
	late  time.Duration
	worst time.Duration
	beats int
	lost  int // beats that came so late that the next was due
}

func (h *heartbeat) beat(ctx context.Context) error {
	for {
		h.due = time.Now().Add(h.every)
		if err := asyncio.Sleep(ctx, h.every); err != nil {
			return err
		}
		h.late = time.Since(h.due)
		h.worst = max(h.worst, h.late)
		h.beats++
		if h.late >= h.every {
			h.lost++
		}
	}
}

// now returns how late the heart is: the latest beat, or the next if that is
// overdue by more.
func (h *heartbeat) now() time.Duration {
	return max(h.late, time.Since(h.due), 0)
}

// Health is the answer of /healthz. A task on the loop gives it, so that it
// comes as late as everything else there.
type Health struct {
	Beats   int     `json:"beats"`
	Lost    int     `json:"lost_beats"`
	Late    float64 `json:"late_ms"`
	Worst   float64 `json:"worst_ms"`
	Active  int     `json:"jobs"`    // uploads under way
	Working int     `json:"working"` // of these, thumbnails that are being made now
}

func (s *service) health() Health {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Health{
		Beats: s.heart.beats, Lost: s.heart.lost, Late: ms(s.heart.now()), Worst: ms(s.heart.worst),
		Active: s.jobs.active, Working: s.jobs.working(),
	}
}
