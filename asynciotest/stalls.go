package asynciotest

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// AllowStalls lets steps block the loop in Run. Without it a test fails if a step waits
// without an await:
//   - A step during which virtual time passes: time.Sleep, a channel, a sync.Cond. Run
//     reports it exactly and at once, on the slowest machine.
//   - A step that waits for a sync.Mutex or for something outside of the test, and does not
//     continue. Virtual time stands still then. Run reports it after two seconds of real
//     time in which no goroutine of the test could run, or five if one waits for the
//     system.
//
// In the second way Run also reports a lock that is never unlocked, if a goroutine waits for
// it while the loop sleeps. A step that computes takes no virtual time and is not reported:
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
