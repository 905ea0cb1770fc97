package stress

import (
	"fmt"
	"strings"

	"github.com/asyncio-go/asyncio/internal/shrink"
)

// A program is a random program. It is data that can be printed and reduced.
type program struct {
	Seed   uint64
	Exact  bool   // in virtual time each run has the same trace
	Panics string // noPanics, panicsAsErrors or panicsEndRun
	End    string // how Run ends, one of ends
	EndAt  int    // ticks
	Second int    // ticks after which the second loop ends; 0: there is no second loop
	Do     []stmt
}

const (
	noPanics       = "no panics"
	panicsAsErrors = "panics are errors"
	panicsEndRun   = "panics end Run"
)

// The ways in which Run ends. In each case it ends at EndAt at the latest.
const (
	endLeave  = "main leaves its tasks"
	endAwait  = "main runs the program"
	endCancel = "the ctx of Run is cancelled"
	endFail   = "main leaves its tasks and fails"
)

var ends = []string{endLeave, endAwait, endCancel, endFail}

// A stmt is one statement. Op is the name of a method of machine. K is a handle (the ID of the
// statement that creates it) or a primitive (its index).
type stmt struct {
	ID    int
	Op    string
	K     int
	N     int    // ticks, or a number
	How   string // a variant
	Fails bool   // an error received here is followed by an error raised here
	Do    []stmt // the body
}

func (p program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %s at %d, %s", p.Seed, p.End, p.EndAt, p.Panics)
	if p.Exact {
		b.WriteString(", exact")
	}
	if p.Second > 0 {
		fmt.Fprintf(&b, ", second loop until %d", p.Second)
	}
	b.WriteByte('\n')
	write(&b, p.Do, 1)
	return b.String()
}

func write(b *strings.Builder, stmts []stmt, depth int) {
	for _, s := range stmts {
		fmt.Fprintf(b, "%s%d: %s", strings.Repeat("\t", depth), s.ID, s.Op)
		if s.How != "" {
			fmt.Fprintf(b, " (%s)", s.How)
		}
		if s.K != 0 {
			fmt.Fprintf(b, " of %d", s.K)
		}
		if s.N != 0 {
			fmt.Fprintf(b, " n=%d", s.N)
		}
		if s.Fails {
			b.WriteString(" fails")
		}
		b.WriteByte('\n')
		write(b, s.Do, depth+1)
	}
}

// language reduces programs.
var language = shrink.Language[stmt]{
	Bodies: func(s *stmt) []shrink.Body[stmt] { return []shrink.Body[stmt]{{Steps: &s.Do}} },
	Unwrap: func(s stmt) []stmt {
		if s.Op == "thread" || s.Op == "abandon" || s.Op == "go" { // statements of a goroutine differ from those of a task
			return nil
		}
		return s.Do
	},
}
