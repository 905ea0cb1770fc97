package engine

import (
	"fmt"
	"io"
	"log"
	"os"
)

// logsToTerminal reports whether slog's default handler and package log print the loop's log on a
// terminal.
func (l *Loop) logsToTerminal() bool {
	return fmt.Sprintf("%T", l.logger().Handler()) == "*slog.defaultHandler" && log.Writer() == io.Writer(os.Stderr) && isTerminal(os.Stderr)
}

// isTerminal is a variable for tests.
var isTerminal = func(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// terminalPrefix begins each text of the watch on a terminal.
func (l *Loop) terminalPrefix() string {
	if l.cfg.Name == "" {
		return "asyncio: "
	}
	return "asyncio: loop " + quote(l.cfg.Name) + ", "
}

// terminalText returns the report for a terminal. It has one line if place and blame are those of
// the previous report of the stall.
func (r Stall) terminalText() string {
	if r.repeats && r.AtPlace == 0 {
		return r.Loop.terminalPrefix() + r.heading() + r.statement()
	}
	return r.Loop.terminalPrefix() + r.Text()
}
