package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
)

// A reportLog is a slog.Handler that keeps the log of a loop. The lines are printed after the
// lanes.
type reportLog struct {
	mu   sync.Mutex
	kept []string
	more int
}

// maxReports is the number of kept lines of one loop.
const maxReports = 3

func (l *reportLog) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs and WithGroup ignore their arguments.
func (l *reportLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *reportLog) WithGroup(string) slog.Handler      { return l }

// details are attributes of a stall's report that are not printed.
var details = map[string]bool{"id": true, "stack": true, "call": true, "blame": true, "cpu": true, "run_delay": true, "runnable_goroutines": true}

func (l *reportLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return nil
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if details[a.Key] {
			return true
		}
		value := a.Value.Resolve()
		if value.Kind() == slog.KindDuration {
			text += fmt.Sprintf(" %s=%q", a.Key, readable(value.Duration()))
		} else {
			text += fmt.Sprintf(" %s=%s", a.Key, shortened(value.String()))
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) == maxReports {
		l.more++
		return nil
	}
	l.kept = append(l.kept, text)
	return nil
}

// lines returns the kept lines, and a line with the number of the others.
func (l *reportLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := slices.Clone(l.kept)
	if l.more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more like these", l.more))
	}
	return lines
}

var _ slog.Handler = (*reportLog)(nil)
