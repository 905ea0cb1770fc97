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

// terminalText returns the report for a terminal. It has one line if place and blame are those of
// the previous report of the stall.
func (r Stall) terminalText() string {
	loop := ""
	if r.Loop.cfg.Name != "" {
		loop = "loop " + quote(r.Loop.cfg.Name) + ", "
	}
	if r.repeats && r.AtPlace == 0 {
		return "asyncio: " + loop + r.heading() + r.statement()
	}
	return "asyncio: " + loop + r.Text()
}
