package asyncio

import (
	"context"
	"sync"
	"time"
)

// Progress tells the caller how far the function has come: done of total units,
// and a note. The function calls it, wherever it runs, with its ctx; the caller's
// OnProgress gets it. It never waits for the caller. Of reports that follow each
// other within a tenth of a second only the last is sent, but for the first and
// for one with done equal to total, as long as there are not more than 64 of these. Where
// nobody listens it does nothing. A worker process shortens a note that is longer than
// 64 KiB.
func Progress(ctx context.Context, done, total int64, note string) {
	if r := reporterOf(ctx); r != nil {
		r.tell(progress{done, total, note})
	}
}

// WithProgress has Progress, called with the returned ctx, call report: for the
// implementation of an Executor. The calls of report come one after the other,
// the last at the latest when Execute or Call.Run returns.
func WithProgress(ctx context.Context, report func(done, total int64, note string)) context.Context {
	return context.WithValue(ctx, reporterKey{}, &reporter{report: report})
}

// withoutProgress has Progress do nothing: what ctx inherited listens to another
// function.
func withoutProgress(ctx context.Context) context.Context {
	return context.WithValue(ctx, reporterKey{}, (*reporter)(nil))
}

type progress struct {
	done, total int64
	note        string
}

type reporterKey struct{}

// reporter thins out reports.
type reporter struct {
	mu     sync.Mutex
	report func(done, total int64, note string)
	sent   time.Time
	since  time.Time // the tenth of a second that began then has had so many whole ones
	wholes int
	held   *progress // not sent yet
}

const (
	progressEvery = 100 * time.Millisecond
	mostWholes    = 64
)

func reporterOf(ctx context.Context) *reporter {
	r, _ := ctx.Value(reporterKey{}).(*reporter)
	return r
}

func (r *reporter) tell(p progress) {
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

// passes reports whether p is sent at once: it is whole, and not one of a flood. Who knows
// no total may say the same for both.
func (r *reporter) passes(p progress, now time.Time) bool {
	if p.done != p.total {
		return false
	}
	if now.Sub(r.since) >= progressEvery {
		r.since, r.wholes = now, 0
	}
	r.wholes++
	return r.wholes <= mostWholes
}

// flushProgress sends what was held back.
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
