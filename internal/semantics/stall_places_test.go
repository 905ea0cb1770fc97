package semantics_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The history of stalls: by place, the worst first, while the loop is blocked and after Run.
func TestStallPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *asyncio.Loop
		nap := func(d time.Duration) { time.Sleep(d) }
		looked := make(chan []asyncio.StallPlace, 1)
		var dump bytes.Buffer
		asyncio.Run(t.Context(), func(ctx context.Context) error {
			l = asyncio.LoopOf(ctx)
			if p := l.Stalls(); len(p) != 0 {
				t.Errorf("before any stall there are the places %v", p)
			}
			for range 3 {
				nap(time.Second)
				asyncio.Sleep(ctx, time.Second)
			}
			go func() {
				time.Sleep(5 * time.Second)
				looked <- l.Stalls()
				l.Dump(&dump)
			}()
			asyncio.Go(ctx, func(context.Context) error { <-time.After(10 * time.Second); return nil }, asyncio.Name("waiter"))
			asyncio.Sleep(ctx, time.Second)
			for range 2 {
				nap(30 * time.Second) // moves on
				<-time.After(20 * time.Second)
				asyncio.Sleep(ctx, time.Second)
			}
			return nil
		}, asyncio.WithLogger(quiet), asynciotest.NoStalls(50*time.Millisecond))
		type place struct {
			class   asyncio.StallClass
			count   int
			total   time.Duration
			longest time.Duration
			task    string
		}
		check := func(when string, got []asyncio.StallPlace, want ...place) {
			t.Helper()
			if len(got) != len(want) {
				t.Fatalf("%s there are %d places, want %d: %+v", when, len(got), len(want), got)
			}
			for i, w := range want {
				g := got[i]
				near := func(a, b time.Duration) bool {
					return a > b-b/20-100*time.Millisecond && a < b+b/20+500*time.Millisecond
				}
				if g.Class != w.class || g.Count != w.count || !near(g.Total, w.total) || !near(g.Longest, w.longest) || g.TaskName != w.task ||
					!strings.HasSuffix(g.File, "stall_places_test.go") || g.Line == 0 || g.Advice == "" || g.Stack == "" || g.Created == "" || g.Last.IsZero() {
					t.Errorf("%s place %d is %+v, want %+v", when, i, g, w)
				}
			}
		}
		check("while a stall lasts", <-looked,
			place{asyncio.StallChannel, 1, 5 * time.Second, 5 * time.Second, "waiter"},
			place{asyncio.StallSleep, 3, 3 * time.Second, time.Second, "main"})
		for _, want := range []string{`stall 4 (channel): task "waiter" has blocked the loop for 5.`, "  3 stalls (sleep) at semantics/stall_places_test.go:", " in time.Sleep: 2.9"} {
			if !strings.Contains(dump.String(), want) {
				t.Errorf("the dump lacks %q:\n%s", want, &dump)
			}
		}
		check("after Run", l.Stalls(),
			place{asyncio.StallSleep, 5, 63 * time.Second, 30 * time.Second, "main"},
			place{asyncio.StallChannel, 2, 40 * time.Second, 20 * time.Second, "main"},
			place{asyncio.StallChannel, 1, 10 * time.Second, 10 * time.Second, "waiter"})
	})
}
