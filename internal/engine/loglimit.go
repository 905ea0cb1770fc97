package engine

import (
	"log/slog"
	"time"
)

// A logLimit bounds how often one message is logged.
type logLimit struct {
	began      int64 // of the window, by the loop's clock
	lines      int   // logged in it
	suppressed int   // since the last line
}

const (
	logWindow = time.Minute
	logLines  = 10 // in a window
)

// LogLimited is Log for messages that other sides can cause as often as they like: ten
// lines of a message and a level in a minute. The next line, or one at the end of the loop,
// has the number of those that were left out as its attribute "suppressed". On the loop only.
func (l *Loop) LogLimited(level slog.Level, msg string, args ...any) {
	key := level.String() + msg
	limit, now := l.logLimits[key], l.Elapsed()
	switch {
	case limit == nil:
		limit = &logLimit{began: now}
		if l.logLimits == nil {
			l.logLimits = map[string]*logLimit{}
		}
		l.logLimits[key] = limit
		l.AtClose(func() {
			if limit.suppressed > 0 {
				l.log(level, msg, "suppressed", limit.suppressed)
			}
		})
	case now-limit.began >= int64(logWindow):
		limit.began, limit.lines = now, 0
	}
	if limit.lines == logLines {
		limit.suppressed++
		return
	}
	if limit.lines++; limit.suppressed > 0 {
		args = append(args, "suppressed", limit.suppressed)
		limit.suppressed = 0
	}
	l.log(level, msg, args...)
}
