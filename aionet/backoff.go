package aionet

import (
	"context"
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// backoff is the exponential back-off after errors of accepting. Each pause is twice as long as
// the one before, from minPause to maxPause. After resetAfter without an error it starts again.
type backoff struct {
	last  time.Duration
	until int64 // end of the last pause, by the loop's clock
}

const (
	minPause   = 5 * time.Millisecond
	maxPause   = time.Second
	resetAfter = maxPause
)

// pause suspends the task after an error of accepting. It returns when the pause is over, the
// listener is closed, or a handler has ended, which frees a descriptor. Each pause is reported
// once, even if accepting fails again during it. If connections linger, pause closes them instead
// and returns at once.
func (l *Listener) pause(ctx context.Context, p *backoff, failed error) error {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return err
	}
	if l.server.endLingers() {
		return nil
	}
	now := l.loop.Elapsed()
	if now >= p.until {
		if p.last *= 2; p.last == 0 || now-p.until > int64(resetAfter) {
			p.last = minPause
		}
		p.last = min(p.last, maxPause)
		p.until = l.loop.After(p.last)
		l.report(nil, fmt.Errorf("accepting pauses for %v: %w", p.last, failed))
	}
	for ended := l.server.ended; !l.closed.Load() && l.server.ended == ended && l.loop.Elapsed() < p.until; {
		if caller.ParkUntil(&l.server.changed, p.until, engine.ForConnections) == engine.WokenByCancel {
			return caller.Err()
		}
	}
	return nil
}
