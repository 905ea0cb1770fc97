package aiometrics

import (
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

func TestHistogramsAreCumulative(t *testing.T) {
	var p printer
	p.histogram("x", asyncio.Histogram{Bounds: []time.Duration{time.Millisecond, 2 * time.Second}, Counts: []uint64{3, 0, 4}, Sum: 5 * time.Second}, "of", "me")
	want := `x_bucket{of="me",le="0.001"} 3
x_bucket{of="me",le="2"} 3
x_bucket{of="me",le="+Inf"} 7
x_sum{of="me"} 5
x_count{of="me"} 7
`
	if got := p.b.String(); got != want {
		t.Errorf("printed\n%swant\n%s", got, want)
	}
}

// TestUtilization_SinceAnEarlierRequest: the utilization is measured over at least a second.
func TestUtilization_SinceAnEarlierRequest(t *testing.T) {
	at := time.Unix(1000, 0)
	snap := func(n int) []snapshot { return []snapshot{{Metrics: asyncio.Metrics{Turns: uint64(n)}}} }
	h := &handler{base: snap(0), earlier: snap(0)}
	for _, step := range []struct {
		after time.Duration
		want  uint64 // the snapshot that the utilization is measured from
	}{{0, 0}, {10 * time.Millisecond, 0}, {time.Second, 1}, {1100 * time.Millisecond, 1}, {5 * time.Second, 3}} {
		now := snap(map[time.Duration]int{0: 1, 10 * time.Millisecond: 2, time.Second: 3, 1100 * time.Millisecond: 4, 5 * time.Second: 5}[step.after])
		if got := h.since(now, at.Add(step.after))[0].Turns; got != step.want {
			t.Errorf("after %v the utilization is measured from snapshot %d, want %d", step.after, got, step.want)
		}
	}
}
