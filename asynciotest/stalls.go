package asynciotest

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// AllowStalls lets steps block the loop in Run. Without it a test fails whose step waits
// without an await:
//   - a step during which virtual time goes by: time.Sleep, a channel, a sync.Cond. That
//     is found exactly and at once, on the slowest machine.
//   - a step that waits for a sync.Mutex or something outside of the test, and does not
//     go on. Virtual time stands still then, so that it is found by real time: after two
//     seconds in which no goroutine of the test could run, or five if one waits for the
//     system.
//
// A lock that a goroutine waits for while the loop sleeps, and that is never unlocked, is
// found in the second way too. A step that computes takes no virtual time and is not found:
// see NoStalls.
func AllowStalls() asyncio.Option {
	return func(c *engine.Config) { c.OnBlocked = nil }
}

// NoStalls has Run of package asyncio return a *asyncio.StallError, with the whole report,
// for each step of the loop that lasts for d or longer (the first 16). It sets the threshold
// of the stall watch; see asyncio.WithStallThreshold, and ASYNCIO_STALL there. What is
// not the program's doing (other processes, a machine that was stopped, the collector)
// is no failure. Leave room for a busy machine. It panics if d is not positive.
//
// In a testing/synctest bubble it goes by virtual time. Run of this package needs no option
// to find what blocks the loop; with this one, a step may last for less than d there.
func NoStalls(d time.Duration) asyncio.Option {
	if d <= 0 {
		panic(fmt.Sprintf("asynciotest: NoStalls(%v): d must be positive", d))
	}
	return func(c *engine.Config) { c.StallThreshold, c.StallsFail = d, true }
}

// blocked is the failure of a test whose step waits.
func blocked(s engine.Stall) string {
	text := "asynciotest: "
	switch {
	case s.Task != nil:
		text += fmt.Sprintf("task %q, created at %s, blocks the loop", s.Name, s.Created)
	case s.Name != "":
		text += "a callback blocks the loop"
	default:
		return text + "a step blocked the loop for the shortest time there is"
	}
	if s.Finding.File != "" {
		text += fmt.Sprintf(" at %s:%d", s.Finding.File, s.Finding.Line)
	}
	if s.Finding.Call != "" {
		text += " in " + s.Finding.Call
	}
	if s.Advice != "" {
		text += ": " + s.Advice
	}
	return text + "\n\n" + s.Stack
}
