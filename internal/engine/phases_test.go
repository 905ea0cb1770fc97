package engine

import (
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The evidence from before a phase does not count for the phase.
func TestAPhaseIsWeighedByItself(t *testing.T) {
	const ms = time.Millisecond
	s := &slowStep{finding: stall.Finding{Class: stall.Sleep, Call: "time.Sleep"}}
	s.moveOn(800*ms, stall.Evidence{Elapsed: 800 * ms, Credited: 790 * ms, CPU: 15 * ms, Procs: 2})
	s.finding = stall.Finding{Class: stall.CPU, Call: "golang.org/x/crypto/bcrypt.GenerateFromPassword"}
	e := stall.Evidence{Elapsed: 900 * ms, Credited: 890 * ms, CPU: 90 * ms, RunDelay: 10 * ms, Procs: 2}
	if !s.moveOn(900*ms, e) {
		t.Fatal("the stall has not moved on")
	}
	if class, blame := stall.Weigh(s.finding, s.ofPhase(e), 100*ms); class != stall.CPU {
		t.Errorf("the phase is weighed as %v: %s", class, blame)
	}
}
