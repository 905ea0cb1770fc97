package main

import "slices"

// summary is what the table says of one set of figures.
type summary struct {
	low, median, high float64 // the quartiles
}

// summarise wants at least one figure and leaves xs as it is.
func summarise(xs []float64) summary {
	sorted := slices.Sorted(slices.Values(xs))
	return summary{quantile(sorted, 0.25), quantile(sorted, 0.5), quantile(sorted, 0.75)}
}

// quantile interpolates between the two neighbours of the place q.
func quantile(sorted []float64, q float64) float64 {
	place := q * float64(len(sorted)-1)
	i := int(place)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	rest := place - float64(i)
	return sorted[i]*(1-rest) + sorted[i+1]*rest
}

// spread is half the distance of the quartiles, as a share of the median.
func (s summary) spread() float64 {
	if s.median == 0 {
		return 0
	}
	return (s.high - s.low) / 2 / s.median
}

// ratios divides figure by figure: those of one repetition were taken within
// seconds of each other, so that much of what a shared machine does to them
// cancels out.
func ratios(xs, ys []float64) []float64 {
	n := min(len(xs), len(ys))
	rs := make([]float64, n)
	for i := range n {
		rs[i] = xs[i] / ys[i]
	}
	return rs
}

// verdict is whether a target was reached.
type verdict int

const (
	reached verdict = iota
	unsure          // the quartiles lie on both sides of it
	missed
)

func (v verdict) String() string { return [...]string{"yes", "unsure", "no"}[v] }

// judge holds the figures of the contenders of one row against t.
func judge(t target, figures map[string][]float64) verdict {
	xs := figures[ours]
	if t.against != "" {
		xs = ratios(xs, figures[t.against])
	}
	s := summarise(xs)
	switch {
	case s.high <= t.most:
		return reached
	case s.low > t.most:
		return missed
	}
	return unsure
}

// judgeAll is the worst of the verdicts on ts.
func judgeAll(ts []target, figures map[string][]float64) verdict {
	worst := reached
	for _, t := range ts {
		worst = max(worst, judge(t, figures))
	}
	return worst
}

// bestPeer is the contender with the least median but for ours and the limits;
// empty if there is none.
func bestPeer(figures map[string][]float64) string {
	best, least := "", 0.0
	for name, xs := range figures {
		if name == ours || limits[name] {
			continue
		}
		median := summarise(xs).median
		// The name decides between equals: a map has no order.
		if best == "" || median < least || median == least && name < best {
			best, least = name, median
		}
	}
	return best
}
