package engine

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// A LogKey identifies lines of one message and level that count as repetitions.
type LogKey struct {
	Site string // a listener, or the line that panicked; few values
	Text string // text of the error; any number of values
}

// LogKeyOf returns the key of an error that site reports. It removes the remote address from
// the error's text, as the address differs from line to line. stack is that of a panic, or
// nil. The key of a panic contains the line that panicked, so other errors do not suppress it.
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

// panicSite returns the line that panicked. stack is the text of debug.Stack.
func panicSite(stack string) string {
	lines := strings.Split(stack, "\n")
	began := false
	site := ""
	for i := 0; i+1 < len(lines); i++ {
		switch line := lines[i]; {
		case strings.HasPrefix(lines[i+1], "\t") && strings.HasPrefix(line, "panic("):
			began, site = true, "" // the outermost panic came first
		case began && site == "" && strings.HasPrefix(lines[i+1], "\t") && !strings.HasPrefix(line, "runtime."):
			site, _, _ = strings.Cut(strings.TrimSpace(lines[i+1]), " ")
		}
	}
	return site
}

// logLimits are the limits of a loop.
type logLimits struct {
	sites map[string]*siteLimits // by level, message and site
	swept int64
}

// siteLimits are the limits of one site.
type siteLimits struct {
	texts map[string]*logLimit // at most logTexts
	other *logLimit            // shared by all further texts
}

// A logLimit bounds how often one line is logged.
type logLimit struct {
	began      int64 // start of the window, by the loop's clock
	lines      int   // number of lines logged in the window
	suppressed int   // number of lines suppressed since the last logged one
	level      slog.Level
	msg        string
	args       []any // attributes of the last suppressed line
}

const (
	logWindow = time.Minute
	logLines  = 10 // lines of one text in a window
	logTexts  = 64 // texts of one site in a window
)

// LogLimited logs a message that peers can cause at any rate. It logs at most ten lines a
// minute for each message, level and key, and suppresses further ones. The attribute
// "suppressed" of the next line is the number of suppressed lines. If no such line follows,
// a line with the attributes of the last suppressed one reports the number. That line is
// logged with the first limited line after the minute, or at the end of the loop. On the
// loop only.
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

// of returns the limit of a text at a site, and makes it on first use.
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

// counted returns args with the number of suppressed lines, and resets the number.
func (limit *logLimit) counted(args []any) []any {
	if limit.suppressed > 0 {
		args = append(slices.Clip(args), "suppressed", limit.suppressed)
	}
	limit.suppressed, limit.args = 0, nil
	return args
}

// sweepLogLimits removes the limits for which over returns true, and logs how many lines each
// has suppressed.
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
