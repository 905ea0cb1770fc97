package engine

import (
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// turnRound waits for nothing, and so wants a processor all the time.
func turnRound(over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
			runtime.Gosched()
		}
	}
}

// besideThousands returns a loop beside 10,000 goroutines, which wait until over is closed at the end of the test.
func besideThousands(tb testing.TB) (l *Loop, all *sync.WaitGroup, over chan struct{}) {
	l, all, over = New(Config{}), new(sync.WaitGroup), make(chan struct{})
	l.takeStackMarker()
	tb.Cleanup(l.releaseStackMarker)
	tb.Cleanup(func() {
		close(over)
		all.Wait()
	})
	for range 10_000 {
		all.Go(func() { <-over })
	}
	return l, all, over
}

// Of the goroutines that want a processor the most frequent line is found, beside ten thousand that wait.
func TestTheLineOfTheRivals(t *testing.T) {
	l, all, over := besideThousands(t)
	for range 8 {
		all.Go(func() { turnRound(over) })
	}
	var f stall.Frame
	for range 1000 { // the looking goroutine is one, too, until the rivals have begun
		if f, _ = l.rivals(); strings.HasSuffix(f.Func, ".turnRound") {
			break
		}
	}
	if filepath.Base(f.File) != "rivals_test.go" || f.Line < 15 || f.Line > 24 {
		t.Errorf("the rivals are at %s", placeOf(f))
	}
}

// BenchmarkLooks is how long the world is stopped while the watch looks beside 10,000
// goroutines: for the step's stack, and for the rivals.
func BenchmarkLooks(b *testing.B) {
	l, _, _ := besideThousands(b)
	for name, look := range map[string]func(){"stack": func() { l.capture(nil) }, "rivals": func() { l.rivals() }} {
		b.Run(name, func(b *testing.B) {
			before := pauses()
			for b.Loop() {
				look()
			}
			after, n := pauses(), uint64(0)
			for i := range after.Counts {
				after.Counts[i] -= before.Counts[i]
				n += after.Counts[i]
			}
			for _, part := range []struct {
				name string
				of   uint64
			}{{"median-stop-ms", n / 2}, {"longest-stop-ms", n}} {
				seen, i := uint64(0), 0
				for ; seen < part.of; i++ {
					seen += after.Counts[i]
				}
				b.ReportMetric(1000*after.Buckets[i], part.name)
			}
		})
	}
}

// pauses are the stops of the world that are not the collector's.
func pauses() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}
