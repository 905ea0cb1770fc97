//go:build linux

package main

import (
	"math/rand/v2"
	"time"
)

// A plan is a call to make: the request, and how to wait for the call.
type plan struct {
	request
	waitMode waitMode
	after    time.Duration
}

// A waitMode is how a call is awaited.
type waitMode string

const (
	patiently     waitMode = "patiently"
	cancelledSoon waitMode = "cancelled"
	withDeadline  waitMode = "with a deadline"
)

// A planner makes the choices of one submitter. They depend only on the seed.
type planner struct {
	id     uint64
	rng    *rand.Rand
	number uint64
}

func newPlanner(seed uint64, id int) *planner {
	return &planner{id: uint64(id), rng: rand.New(rand.NewPCG(seed, uint64(id)))}
}

// batch returns calls to make at the same time.
func (p *planner) batch() []plan {
	plans := make([]plan, 1+p.rng.IntN(3))
	for i := range plans {
		plans[i] = p.next()
	}
	return plans
}

func (p *planner) next() plan {
	p.number++
	d := p.action()
	next := plan{
		request:  request{Number: p.id<<32 | p.number, Action: d.name, Rounds: p.rng.IntN(5000), Data: p.data()},
		waitMode: patiently,
		after:    time.Duration(p.rng.IntN(8000)) * time.Microsecond,
	}
	switch n := p.rng.IntN(20); {
	case d.want == ended: // it ends only after a cancellation, and needs time to begin
		next.waitMode = []waitMode{cancelledSoon, withDeadline}[n%2]
		next.after += 15 * time.Millisecond
	case n == 0:
		next.waitMode = cancelledSoon
	case n == 1:
		next.waitMode = withDeadline
	}
	return next
}

func (p *planner) action() action {
	total := 0
	for _, d := range actions {
		total += d.weight
	}
	n := p.rng.IntN(total)
	for _, d := range actions {
		if n -= d.weight; n < 0 {
			return d
		}
	}
	panic("the weights have changed")
}

// data returns mostly small data, and sometimes data that passes through shared memory.
func (p *planner) data() []byte {
	most := 4 << 10
	switch n := p.rng.IntN(100); {
	case n == 0:
		most = 3 << 20
	case n < 5:
		most = 256 << 10
	}
	b := make([]byte, p.rng.IntN(most))
	for i := range b {
		b[i] = byte(i) ^ byte(p.number)
	}
	return b
}
