package engine

import (
	"strconv"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// A stall may move on: the step stops waiting in one line and blocks in another. The watch
// looks again and again, and adds the time since the look before to the phase that it sees.

// A phase is the part of a stall at one place.
type phase struct {
	key     string
	finding stall.Finding
	stack   string
	took    time.Duration
	before  stall.Evidence // up to the look before the first of the phase
	place   *spot
	muted   bool
}

// maxPhases bounds the phases of a stall. Further ones count as the last.
const maxPhases = 32

// phaseKey tells phases apart. A computation of the program's own moves between the lines
// of a function.
func phaseKey(f stall.Finding) string {
	at := f.Func
	if f.Class != stall.CPU || f.Call != "" {
		at = f.File + ":" + strconv.Itoa(f.Line)
	}
	return f.Class.String() + " " + at
}

// moveOn adds a look at the step to its phases. It reports whether that began a new phase.
// A computation has moved on when two looks in a row saw it elsewhere.
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
	if computes && key != s.moving || len(s.phases) == maxPhases {
		s.moving = key
		now.took += since
		return false
	}
	s.moving = ""
	for i := range s.phases {
		if p := &s.phases[i]; p.key == key { // it is back
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

// ofPhase is the part of the evidence that belongs to the present phase.
func (s *slowStep) ofPhase(e stall.Evidence) stall.Evidence {
	if len(s.phases) > 0 {
		e = e.Since(s.phases[s.phase].before)
	}
	return e
}

// phaseBegan is when the present phase began.
func (s *slowStep) phaseBegan() int64 {
	if len(s.phases) == 0 {
		return s.began
	}
	return s.began + int64(s.phases[s.phase].before.Elapsed)
}

// keep keeps what is known of the present phase.
func (s *slowStep) keep() {
	if len(s.phases) > 0 && s.moving == "" {
		p := &s.phases[s.phase]
		p.finding, p.stack, p.place, p.muted = s.finding, s.stack, s.place, s.muted
	}
}

// longest returns to the phase that took longest, when the step has ended. It returns how
// long that took, 0 if there was one only.
func (s *slowStep) longest(elapsed time.Duration) time.Duration {
	if len(s.phases) == 0 {
		return 0
	}
	s.phases[s.phase].took += elapsed - s.looked
	most, muted := &s.phases[0], true
	for i := range s.phases {
		if s.phases[i].took > most.took {
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
