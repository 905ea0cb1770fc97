package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The history of stalls has the number and the duration of the stalls at each place. The watch uses
// it to limit the reports of a place. Loop.Places returns it.

// A StallPlace is the history of the stalls of one class at one line.
type StallPlace struct {
	Class          stall.Class
	Finding        stall.Finding // of the last stall, as Name, Created and Advice
	Name, Created  string
	Advice, Stack  string
	Count          int
	Total, Longest time.Duration
	Last           time.Time // when the last one was last observed
}

// A spot is a place. Only the watch writes it, with the lock of places.
type spot struct {
	StallPlace
	place    string
	muted    bool  // some stalls were counted and not reported
	reported int64 // when the last report was made
}

// places are the places of a loop. Only the watch writes them.
type places struct {
	mu     sync.Mutex
	all    map[string]*spot
	open   *spot     // place of the current stall; nil: none
	step   *slowStep // step of the current stall
	looked int64     // time of the last look at step
	shares []share   // the time of step at its places at the last look
}

// A share is the time that a stall has spent at a place.
type share struct {
	place *spot
	took  time.Duration
}

const (
	maxPlaces     = 100
	maxPlaceStack = 16 << 10
)

// enter counts a stall at its place. A late wake and a turn at a line are other places than a step at
// it.
func (ps *places) enter(r Stall) *spot {
	place := short(r.Name)
	if r.Finding.File != "" {
		place = r.Finding.File + ":" + strconv.Itoa(r.Finding.Line)
	}
	key := r.Class.String() + " " + place
	if r.step == nil {
		key += " (" + r.Headline() + ")"
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.all[key]
	if p == nil {
		if ps.all == nil {
			ps.all = map[string]*spot{}
		}
		if len(ps.all) >= maxPlaces {
			ps.evict()
		}
		p = &spot{place: place, reported: -int64(time.Hour), StallPlace: StallPlace{Class: r.Class}}
		ps.all[key] = p
	}
	p.Count++
	p.note(r)
	return p
}

// leave takes back the count of a stall whose cause proves to be another one.
func (ps *places) leave(p *spot) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.Count--
}

// holds reports whether the current stall was at the place.
func (ps *places) holds(p *spot) bool {
	return slices.ContainsFunc(ps.shares, func(part share) bool { return part.place == p })
}

// evict removes the place with the least total time, except those of the current stall.
func (ps *places) evict() {
	least := ""
	for key, p := range ps.all {
		if q := ps.all[least]; p != ps.open && !ps.holds(p) && (q == nil || cmp.Or(cmp.Compare(p.Total, q.Total), p.Last.Compare(q.Last)) < 0) {
			least = key
		}
	}
	delete(ps.all, least)
}

// note keeps texts of the report of the last stall. It keeps no value of the user.
func (p *spot) note(r Stall) {
	p.Finding, p.Name, p.Created, p.Advice, p.Last = r.Finding, short(r.Name), r.Created, r.Advice, time.Now()
	if r.Stack != "" {
		p.Stack = r.Stack
		if len(p.Stack) > maxPlaceStack {
			p.Stack = strings.ToValidUTF8(p.Stack[:maxPlaceStack], "")
		}
	}
}

// short returns a copy of a text of the user, cut to mostText bytes.
func short(text string) string {
	if len(text) <= mostText {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(strings.Clone(text[:mostText]), "") + "..."
}

// lasts records a look at the current stall.
func (ps *places) lasts(s *slowStep, r Stall) {
	shares := s.shares(s.looked)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.open, ps.step, ps.looked, ps.shares = s.place, s, s.began+int64(s.looked), shares
	s.place.note(r)
}

// took adds the duration of a stall at p.
func (ps *places) took(p *spot, d time.Duration) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p.took(d)
	p.Last = time.Now()
}

// took adds the time that a stall has spent at the place.
func (p *StallPlace) took(d time.Duration) {
	p.Total += d
	p.Longest = max(p.Longest, d)
}

// ended adds the duration of a step that has ended to the places at which it was. The step is then no
// longer the current one.
func (ps *places) ended(s *slowStep, elapsed time.Duration) {
	shares := s.shares(elapsed)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, part := range shares {
		part.place.took(part.took)
		part.place.Last = time.Now()
	}
	if ps.step == s {
		ps.open, ps.step, ps.shares = nil, nil, nil
	}
}

// shares divides the duration of a step among its places. Two phases may have the same place.
func (s *slowStep) shares(elapsed time.Duration) []share {
	all := []share{{s.place, elapsed}}
	for i := range s.phases {
		p := &s.phases[i]
		if p.place == nil || p.place == s.place {
			continue
		}
		all[0].took -= p.took
		if at := slices.IndexFunc(all, func(part share) bool { return part.place == p.place }); at >= 0 {
			all[at].took += p.took
			continue
		}
		all = append(all, share{p.place, p.took})
	}
	return all
}

// Places returns the places of stalls, the one with the most total time first. The current stall
// counts with its duration so far. Places can be called from any goroutine.
func (l *Loop) Places() []StallPlace {
	ps := &l.watch.places
	ps.mu.Lock()
	all := make([]StallPlace, 0, len(ps.all))
	for _, p := range ps.all {
		if p.Count == 0 {
			continue
		}
		place := p.StallPlace
		for _, part := range ps.shares {
			if part.place != p {
				continue
			}
			if p == ps.open {
				until := ps.step.ended.Load()
				if until == 0 {
					until = l.Elapsed()
				}
				part.took += max(0, time.Duration(until-ps.looked))
			}
			place.took(part.took)
		}
		all = append(all, place)
	}
	ps.mu.Unlock()
	slices.SortFunc(all, func(a, b StallPlace) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), b.Last.Compare(a.Last), cmp.Compare(a.Finding.File, b.Finding.File), cmp.Compare(a.Finding.Line, b.Finding.Line))
	})
	return all
}
