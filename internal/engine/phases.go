package engine

import (
	"slices"
	"strconv"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// During a stall the step may stop blocking at one line and block at another. The watch looks at
// the step repeatedly, and adds the time since its last look to the phase that it sees.

// A phase is the part of a stall that a step spends at one place.
type phase struct {
	key     string
	finding stall.Finding
	stack   string
	took    time.Duration
	before  stall.Evidence // evidence from before the phase
	place   *spot
	muted   bool
}

// maxPhases bounds the phases of a stall. Those at further places are one phase, elsewhere.
const maxPhases = 32

// elsewhere is the key of the phase at further places. Its stack is empty, and its place has no line.
const elsewhere = "elsewhere"

// phaseKey identifies a phase by class and line. For a computation in the program's own code it
// uses the function, as such a computation moves between lines.
func phaseKey(f stall.Finding) string {
	at := f.Func
	if f.Class != stall.CPU || f.Call != "" {
		at = f.File + ":" + strconv.Itoa(f.Line)
	}
	return f.Class.String() + " " + at
}

// moveOn adds a look at the step to its phases. It reports whether a new phase has begun. A
// change from one computation to another needs two looks in a row.
func (s *slowStep) moveOn(elapsed time.Duration, e stall.Evidence) bool {
	since, before := elapsed-s.looked, s.evidence
	s.looked, s.evidence = elapsed, e
	key := phaseKey(s.finding)
	if len(s.phases) == 0 {
		s.phases = append(s.phases, phase{key: key})
		s.phase, s.moving = 0, ""
		s.phases[0].took = since
		return false
	}
	now := &s.phases[s.phase]
	if key == now.key {
		s.moving = ""
		now.took += since
		return false
	}
	computes := s.finding.Class == stall.CPU && now.finding.Class == stall.CPU
	if computes && key != s.moving {
		s.moving = key
		now.took += since
		return false
	}
	s.moving = ""
	if len(s.phases) >= maxPhases && !slices.ContainsFunc(s.phases, func(p phase) bool { return p.key == key }) {
		key, s.finding, s.stack = elsewhere, stall.Finding{}, ""
	}
	for i := range s.phases {
		if p := &s.phases[i]; p.key == key { // the stall has returned to an earlier phase
			s.phase = i
			p.took += since
			s.place, s.muted = p.place, p.muted
			return false
		}
	}
	s.phase = len(s.phases)
	s.phases = append(s.phases, phase{key: key, took: since, before: before})
	return true
}

// ofPhase returns the part of the evidence that belongs to the current phase.
func (s *slowStep) ofPhase(e stall.Evidence) stall.Evidence {
	if len(s.phases) > 0 {
		e = e.Since(s.phases[s.phase].before)
	}
	return e
}

// elsewhere returns the phase at further places, or nil.
func (s *slowStep) elsewhere() *phase {
	if len(s.phases) > maxPhases {
		return &s.phases[maxPhases]
	}
	return nil
}

// keep saves the finding, stack and place in the current phase.
func (s *slowStep) keep() {
	if len(s.phases) > 0 && s.moving == "" {
		p := &s.phases[s.phase]
		p.finding, p.stack, p.place, p.muted = s.finding, s.stack, s.place, s.muted
	}
}

// longest restores the finding, stack and place of the phase that took longest. It is called when
// the step has ended. It returns the duration of the phase, or 0 if the step had only one.
func (s *slowStep) longest(elapsed time.Duration) time.Duration {
	if len(s.phases) == 0 {
		return 0
	}
	s.phases[s.phase].took += elapsed - s.looked
	most, muted := &s.phases[0], true
	for i := range s.phases {
		if s.phases[i].took > most.took && s.phases[i].key != elsewhere {
			most = &s.phases[i]
		}
		muted = muted && s.phases[i].muted
	}
	s.finding, s.stack, s.place, s.muted = most.finding, most.stack, most.place, muted
	if len(s.phases) == 1 {
		return 0
	}
	return most.took
}
