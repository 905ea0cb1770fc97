package engine

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A step that computes beside other processes is reported within 1.5 thresholds. It is reported again when its
// own processor time makes it to blame, however long it has lasted.
func TestAStepThatProvesToBeSlow(t *testing.T) {
	const ms = time.Millisecond
	busy := func(elapsed, cpu time.Duration) stall.Evidence {
		return stall.Evidence{Elapsed: elapsed, Credited: elapsed, CPU: cpu, RunDelay: elapsed / 2, Procs: 2}
	}
	for _, c := range []struct {
		name  string
		looks []news
		want  []stall.Class
	}{
		{"at the second look", []news{{elapsed: 100 * ms, evidence: busy(100*ms, 40*ms)}, {elapsed: 140 * ms, look: true, evidence: busy(140*ms, 60*ms)}}, []stall.Class{stall.CPU}},
		{"not by then", []news{{elapsed: 100 * ms, evidence: busy(100*ms, 40*ms)}, {elapsed: 140 * ms, look: true, evidence: busy(140*ms, 45*ms)}}, []stall.Class{stall.StarvedOS}},
		{"not to be expected by then", []news{{elapsed: 100 * ms, evidence: busy(100*ms, 20*ms)}}, []stall.Class{stall.StarvedOS}},
		{"the first look is late", []news{{elapsed: 125 * ms, evidence: busy(125*ms, 45*ms)}}, []stall.Class{stall.StarvedOS}},
		{"much later", []news{{elapsed: 200 * ms, evidence: busy(200*ms, 30*ms)}, {elapsed: 900 * ms, look: true, evidence: busy(900*ms, 300*ms)}}, []stall.Class{stall.StarvedOS, stall.CPU}},
		{"and others again", []news{{elapsed: 200 * ms, evidence: busy(200*ms, 90*ms)}, {elapsed: 900 * ms, look: true, evidence: busy(900*ms, 90*ms)}}, []stall.Class{stall.CPU}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []stall.Class
			l := New(Config{StallThreshold: 100 * ms, Logger: slog.New(slog.DiscardHandler), OnStall: func(s Stall) { got = append(got, s.Class) }})
			l.takeStackMarker()
			defer l.releaseStackMarker()
			s := &slowStep{began: int64(time.Hour), stack: "main.total(...)\n\t/src/main.go:12\n", finding: stall.Finding{Class: stall.CPU}}
			for _, n := range c.looks {
				n.step = s
				l.watch.tell(n)
			}
			l.watch.close()
			l.watch.wait()
			if !slices.Equal(got, c.want) {
				t.Errorf("reports: %v, want %v", got, c.want)
			}
		})
	}
}
