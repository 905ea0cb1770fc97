package engine

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// A LogKey says which lines of a message and a level repeat each other.
type LogKey struct {
	Site string // what failed: a listener, or the line that panicked; few values
	Text string // of the error: any number of values
}

// LogKeyOf returns the key of an error that site reports. The remote address differs from
// line to line and does not count. A panic, whose stack is given, has the line that panicked
// in its key: no other error takes its place in the log.
func LogKeyOf(site, remote string, err error, stack []byte) LogKey {
	text := fmt.Sprint(err)
	if remote != "" {
		text = strings.ReplaceAll(text, remote, "")
	}
	if stack != nil {
		site += " panic " + panicSite(string(stack))
	}
	return LogKey{site, text}
}

// panicSite returns the line of the program that panicked, by a stack of debug.Stack.
func panicSite(stack string) string {
	lines := strings.Split(stack, "\n")
	began := false
	site := ""
	for i := 0; i+1 < len(lines); i++ {
		switch line := lines[i]; {
		case strings.HasPrefix(lines[i+1], "\t") && strings.HasPrefix(line, "panic("):
			began, site = true, "" // the last one panicked first
		case began && site == "" && strings.HasPrefix(lines[i+1], "\t") && !strings.HasPrefix(line, "runtime."):
			site, _, _ = strings.Cut(strings.TrimSpace(lines[i+1]), " ")
		}
	}
	return site
}

// logLimits are those of a loop.
type logLimits struct {
	sites map[string]*siteLimits // by level, message and site
	swept int64
}

// siteLimits are the lines of one site.
type siteLimits struct {
	texts map[string]*logLimit // at most logTexts
	other *logLimit            // of all further texts
}

// A logLimit bounds how often one line is logged.
type logLimit struct {
	began      int64 // of the window, by the loop's clock
	lines      int   // logged in it
	suppressed int   // since the last line
	level      slog.Level
	msg        string
	args       []any // of the last line that was suppressed
}

const (
	logWindow = time.Minute
	logLines  = 10 // in a window
	logTexts  = 64 // of a site in a window
)

// LogLimited is Log for messages that other sides can cause as often as they like: ten
// lines of a message, a level and a key in a minute. A line has the number of those that
// were left out before it as its attribute "suppressed". Those that no such line follows
// are counted by the first limited line after the minute, or at the end of the loop, in a
// line with the attributes of the last of them. On the loop only.
func (l *Loop) LogLimited(level slog.Level, msg string, key LogKey, args ...any) {
	limits, now := &l.logLimits, l.Elapsed()
	if limits.sites == nil {
		limits.sites, limits.swept = map[string]*siteLimits{}, now
		l.AtClose(func() { l.sweepLogLimits(func(*logLimit) bool { return true }) })
	}
	if now-limits.swept >= int64(logWindow) {
		limits.swept = now
		l.sweepLogLimits(func(limit *logLimit) bool { return now-limit.began >= int64(logWindow) })
	}
	limit := limits.of(level.String()+msg+"\x00"+key.Site, key.Text)
	if limit.lines == 0 || now-limit.began >= int64(logWindow) {
		limit.began, limit.lines = now, 0
	}
	if limit.lines == logLines {
		limit.suppressed++
		limit.level, limit.msg, limit.args = level, msg, args
		return
	}
	limit.lines++
	l.log(level, msg, limit.counted(args)...)
}

// of returns the limit of a text at a site.
func (s *logLimits) of(site, text string) *logLimit {
	at := s.sites[site]
	if at == nil {
		at = &siteLimits{texts: map[string]*logLimit{}}
		s.sites[site] = at
	}
	limit := at.texts[text]
	switch {
	case limit != nil:
	case len(at.texts) < logTexts:
		limit = &logLimit{}
		at.texts[text] = limit
	case at.other == nil:
		at.other = &logLimit{}
		fallthrough
	default:
		limit = at.other
	}
	return limit
}

// counted returns the attributes of the next line.
func (limit *logLimit) counted(args []any) []any {
	if limit.suppressed > 0 {
		args = append(slices.Clip(args), "suppressed", limit.suppressed)
	}
	limit.suppressed, limit.args = 0, nil
	return args
}

// sweepLogLimits forgets the limits that are over, and logs how many lines they left out.
func (l *Loop) sweepLogLimits(over func(*logLimit) bool) {
	end := func(limit *logLimit) bool {
		if !over(limit) {
			return false
		}
		if limit.suppressed > 0 {
			l.log(limit.level, limit.msg, limit.counted(limit.args)...)
		}
		return true
	}
	sites := l.logLimits.sites
	for _, site := range slices.Sorted(maps.Keys(sites)) {
		at := sites[site]
		for _, text := range slices.Sorted(maps.Keys(at.texts)) {
			if end(at.texts[text]) {
				delete(at.texts, text)
			}
		}
		if at.other != nil && end(at.other) {
			at.other = nil
		}
		if len(at.texts) == 0 && at.other == nil {
			delete(sites, site)
		}
	}
}
