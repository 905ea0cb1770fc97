package main

import "testing"

func TestSummarise(t *testing.T) {
	for _, c := range []struct {
		xs   []float64
		want summary
	}{
		{[]float64{7}, summary{7, 7, 7}},
		{[]float64{3, 1}, summary{1.5, 2, 2.5}},
		{[]float64{9, 1, 5}, summary{3, 5, 7}},
		{[]float64{50, 10, 40, 20, 30}, summary{20, 30, 40}},
	} {
		if got := summarise(c.xs); got != c.want {
			t.Errorf("summarise(%v) = %v, want %v", c.xs, got, c.want)
		}
	}
	if got := (summary{80, 100, 140}).spread(); got != 0.3 {
		t.Errorf("spread = %v, want 0.3", got)
	}
	if got := (summary{}).spread(); got != 0 {
		t.Errorf("spread of zeros = %v, want 0", got)
	}
}

func TestSummariseLeavesTheOrderOfRepetitions(t *testing.T) {
	xs := []float64{3, 1, 2}
	summarise(xs)
	if xs[0] != 3 || xs[1] != 1 || xs[2] != 2 {
		t.Errorf("after summarise the figures are %v, want them in the order of repetitions", xs)
	}
}

func TestJudge(t *testing.T) {
	half := target{"goroutine", 0.5}
	for _, c := range []struct {
		name   string
		target target
		ours   []float64
		peer   []float64
		want   verdict
	}{
		{"below", half, []float64{4, 4, 4}, []float64{10, 10, 10}, reached},
		{"equal counts as reached", half, []float64{5, 5, 5}, []float64{10, 10, 10}, reached},
		{"above", half, []float64{6, 6, 6}, []float64{10, 10, 10}, missed},
		{"both sides", half, []float64{4, 4, 9}, []float64{10, 10, 10}, unsure},
		{"a slow spell that hit both", half, []float64{4, 40, 4}, []float64{10, 100, 10}, reached},
		{"absolute, below", target{"", 200}, []float64{190, 199, 180}, nil, reached},
		{"absolute, above", target{"", 200}, []float64{201, 220, 230}, nil, missed},
	} {
		figures := map[string][]float64{ours: c.ours, "goroutine": c.peer}
		if got := judge(c.target, figures); got != c.want {
			t.Errorf("%s: judge(%v) of %v against %v = %v, want %v", c.name, c.target, c.ours, c.peer, got, c.want)
		}
	}
}

func TestJudgeAllTakesTheWorst(t *testing.T) {
	figures := map[string][]float64{ours: {10}, "floor": {9}, "goroutine": {8}}
	both := []target{{"floor", 1.2}, {"goroutine", 1}}
	if got := judgeAll(both, figures); got != missed {
		t.Errorf("one target reached and one missed: %v, want %v", got, missed)
	}
	if got := judgeAll(both[:1], figures); got != reached {
		t.Errorf("the reached one alone: %v, want %v", got, reached)
	}
}

func TestBestPeer(t *testing.T) {
	figures := map[string][]float64{ours: {1}, "floor": {2}, "goroutine": {9, 9}, "errgroup": {8, 8}, "conc": {8, 8}}
	if got := bestPeer(figures); got != "conc" {
		t.Errorf("best peer %q, want conc: neither ours nor the floor, and first by name of the equal two", got)
	}
	if got := bestPeer(map[string][]float64{ours: {1}, "floor": {2}}); got != "" {
		t.Errorf("best peer %q where there is none, want none", got)
	}
}
