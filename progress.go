package asyncio

import (
	"context"
	"sync"
	"time"
)

// Progress reports the progress of a registered function to its caller: done of total units, and a
// note. The function calls it with its ctx, in any process. OnProgress of the caller gets the
// report. Without OnProgress the call does nothing. Without a known total, pass done == total.
//
// Progress does not wait for the caller. It sends at most one report in 100 ms, and drops older
// ones. The first report, the last one, and reports with done equal to total are sent, up to 64 of
// these in 100 ms. A worker process shortens a note above 64 KiB.
func Progress(ctx context.Context, done, total int64, note string) {
	if r := reporterOf(ctx); r != nil {
		r.add(progress{done, total, note})
	}
}

// WithProgress returns a ctx with which Progress calls report. It is for implementations of
// Executor. Calls of report do not overlap. The last one returns before Execute or Call.Run does.
func WithProgress(ctx context.Context, report func(done, total int64, note string)) context.Context {
	return context.WithValue(ctx, reporterKey{}, &reporter{report: report})
}

// withoutProgress returns a ctx with which Progress does nothing. ctx may have the reporter of
// another function.
func withoutProgress(ctx context.Context) context.Context {
	return context.WithValue(ctx, reporterKey{}, (*reporter)(nil))
}

type progress struct {
	done, total int64
	note        string
}

type reporterKey struct{}

// A reporter limits the rate of reports.
type reporter struct {
	mu       sync.Mutex
	report   func(done, total int64, note string)
	sent     time.Time // the time of the last report
	since    time.Time // the start of the interval of complete
	complete int       // reports with done equal to total since then
	held     *progress // the last report, if it is not sent yet
}

const (
	progressEvery = 100 * time.Millisecond
	maxComplete   = 64
)

func reporterOf(ctx context.Context) *reporter {
	r, _ := ctx.Value(reporterKey{}).(*reporter)
	return r
}

// add sends or holds a report.
func (r *reporter) add(p progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if !r.passes(p, now) && now.Sub(r.sent) < progressEvery {
		r.held = &p
		return
	}
	r.sent, r.held = now, nil
	r.report(p.done, p.total, p.note)
}

// passes reports whether p is sent at once, because done equals total and the limit is not reached.
func (r *reporter) passes(p progress, now time.Time) bool {
	if p.done != p.total {
		return false
	}
	if now.Sub(r.since) >= progressEvery {
		r.since, r.complete = now, 0
	}
	r.complete++
	return r.complete <= maxComplete
}

// flushProgress sends the held report.
func flushProgress(ctx context.Context) {
	r := reporterOf(ctx)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.held; p != nil {
		r.held = nil
		r.report(p.done, p.total, p.note)
	}
}
