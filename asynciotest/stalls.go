package asynciotest

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// NoStalls has the test fail if a step of the loop lasts for d or longer: Run of
// package asyncio returns a *asyncio.StallError with the whole report for each such
// stall (the first 16), and Run of this package fails with it. It sets the threshold
// of the stall watch; see asyncio.WithStallThreshold, and ASYNCIO_STALL there. What is
// not the program's doing (other processes, a machine that was stopped, the collector)
// is no failure. It panics if d is not positive.
//
// In Run's bubble time is virtual: it stands still while anything computes, and a step
// lasts only if it waits without an await: time.Sleep, a channel, a lock, a request to
// something outside of the loop. That is found exactly, on the slowest machine. A step
// that computes for long takes no virtual time and is not found there: for that use
// asyncio.Run with this option in a plain test, and leave room for a busy machine.
func NoStalls(d time.Duration) asyncio.Option {
	if d <= 0 {
		panic(fmt.Sprintf("asynciotest: NoStalls(%v): a positive duration is expected", d))
	}
	return func(c *engine.Config) { c.StallThreshold, c.StallsFail = d, true }
}
