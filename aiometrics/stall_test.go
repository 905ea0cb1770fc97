package aiometrics_test

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aiometrics"
)

// TestStalls: the current stall has a gauge, and is counted when it has ended.
func TestStalls(t *testing.T) {
	pool := asyncio.NewThreadPool(1)
	defer pool.Close(context.Background())
	release := make(chan struct{})
	var l *asyncio.Loop
	var during string
	l = asyncio.NewLoop(asyncio.WithName("shop"), asyncio.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
		asyncio.WithStallThreshold(40*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
			if s.TaskName == "the culprit" && during == "" {
				answer := httptest.NewRecorder()
				aiometrics.Handler(l).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
				during = answer.Body.String()
				close(release)
			}
		}))
	err := l.Run(t.Context(), func(ctx context.Context) error {
		if _, err := double.Call(ctx, pool, 1); err != nil {
			return err
		}
		_, err := asyncio.Go(ctx, func(context.Context) error { <-release; return nil }, asyncio.Name("the culprit")).Await(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const current = `asyncio_stall_current_seconds{asyncio_loop_name="shop"}`
	p := parse(t, during)
	if p.kinds["asyncio_stall_duration_seconds"] != "histogram" || p.kinds["asyncio_stall_current_seconds"] != "gauge" {
		t.Errorf("the families are %v", p.kinds)
	}
	if p.samples[current] < 0.04 {
		t.Errorf("while the loop was blocked %s was %v, want at least the threshold", current, p.samples[current])
	}
	p.expect(t, `asyncio_executor_workers{asyncio_executor_name="`+pool.Metrics().Name+`"}`, 1)
	p.expect(t, `asyncio_executor_duration_seconds_count{asyncio_executor_name="`+pool.Metrics().Name+`"}`, 1)

	var after strings.Builder
	if err := aiometrics.Write(&after, l); err != nil {
		t.Fatal(err)
	}
	p = parse(t, after.String())
	p.expect(t, current, 0)
	var stalls, sum float64
	for series, v := range p.samples {
		if name, labels, _ := strings.Cut(series, "{"); name == "asyncio_stall_duration_seconds_count" && strings.Contains(labels, `asyncio_stall_cause="`) {
			stalls += v
		} else if name == "asyncio_stall_duration_seconds_sum" {
			sum += v
		}
	}
	if stalls < 1 || sum < 0.04 {
		t.Errorf("%v stalls of %v s were counted, want at least one", stalls, sum)
	}
}
