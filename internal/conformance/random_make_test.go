package conformance

import (
	"math/rand/v2"
	"slices"
)

// A maker generates a random program. It leaves out the shapes in which this library differs from
// CPython by intention, unless programs/random_loop.py can detect them.
type maker struct {
	*rand.Rand
	kind  string
	ids   int
	tasks []int // the steps so far that create tasks
	left  int   // the number of steps that may still be generated

	leaves, blocks []string // the kinds of steps of the program
	few            int      // the number of locks, queues and so on
}

// A place is the position of a step.
type place struct {
	group bool // a group is in scope
	body  bool // in the body of a group, where a return would leave the group in another way
	quick bool // tasks and body of a cancelled group must take no time: CPython cancels the tasks only after the body
	depth int
}

func makeTree(kind string, seed uint64) tree {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 0)), kind: kind}
	m.left = 6 + m.IntN(40)
	m.choose()
	t := tree{Kind: kind, Horizon: 40}
	if kind == instants {
		t.Horizon = 30_000
	}
	t.Do = m.steps(place{}, 3+m.IntN(5))
	return t
}

func (m *maker) steps(p place, n int) []step {
	p.depth++
	var made []step
	for range n {
		if m.left <= 0 {
			break
		}
		made = append(made, m.step(p))
	}
	if len(made) == 0 {
		made = append(made, m.sleep())
	}
	return made
}

func (m *maker) new(op string) step {
	m.ids++
	m.left--
	s := step{ID: m.ids, Op: op}
	if m.kind == instants {
		s.W = 1 + m.IntN(400)
	}
	return s
}

func (m *maker) sleep() step {
	s := m.new("sleep")
	if m.kind == instants {
		s.N = 1 + m.IntN(3000)
	} else {
		s.N = max(0, m.IntN(6)-2)
	}
	return s
}

// span returns the length of a timeout.
func (m *maker) span() int {
	if m.kind == instants {
		return 1 + m.IntN(3000)
	}
	return 1 + m.IntN(4)
}

var (
	leaves = []string{
		"await", "cancel", "set", "clear", "event", "future", "futset", "cwait", "notify", "put", "get", "tryput", "tryget",
		"join", "done", "shutdown", "raise",
	}
	blocks         = []string{"try", "lock", "sem", "timeout"}
	instantsBlocks = []string{"group", "gather", "results", "each", "wait", "waitfor", "try", "lock", "sem", "timeout"}
)

// choose selects a few kinds of steps. With fewer kinds, the same ones interact more often.
func (m *maker) choose() {
	some := func(all []string, most int) []string {
		var chosen []string
		for range 1 + m.IntN(most) {
			chosen = append(chosen, all[m.IntN(len(all))])
		}
		return chosen
	}
	m.leaves = append(some(leaves, 6), "sleep", "sleep", "cancel", "await")
	if m.kind == turns {
		m.blocks = append(some(blocks, 4), "spawn", "spawn")
	} else {
		m.blocks = append(some(instantsBlocks, 5), "spawn")
	}
	for _, pair := range [][2]string{{"event", "set"}, {"future", "futset"}, {"cwait", "notify"}, {"put", "get"}, {"get", "put"}} {
		if slices.Contains(m.leaves, pair[0]) {
			m.leaves = append(m.leaves, pair[1])
		}
	}
	m.few = 1 + m.IntN(2)
}

func (m *maker) step(p place) step {
	kinds := m.leaves
	if p.depth < 7 && (m.IntN(2) == 0 || p.depth == 1) {
		kinds = m.blocks
	}
	switch op := kinds[m.IntN(len(kinds))]; op {
	case "sleep":
		return m.sleep()
	case "raise":
		if m.IntN(2) == 0 { // rarely, because it ends the enclosing block
			return m.sleep()
		}
		return m.new(op)
	case "await", "cancel":
		return m.task(op)
	case "cwait":
		if p.quick { // it takes the lock again before it leaves
			return m.sleep()
		}
		return m.which(op)
	case "notify":
		s := m.which(op)
		s.N = 1 + m.IntN(2)
		return s
	case "shutdown":
		s := m.which(op)
		if m.IntN(2) == 0 {
			s.How = "immediate"
		}
		return s
	case "spawn":
		return m.spawn(p)
	case "try":
		return m.try(p)
	case "lock", "sem":
		s := m.which(op)
		s.Do = m.steps(p, 1+m.IntN(3))
		return s
	case "timeout", "waitfor":
		s := m.new(op)
		s.N, s.Fails = m.span(), m.IntN(4) == 0
		if op == "waitfor" && m.IntN(8) == 0 {
			s.N = 0
		}
		s.Do = m.steps(p, 1+m.IntN(4))
		return s
	case "group":
		s := m.new(op)
		s.Fails = m.IntN(4) == 0
		s.Do = m.steps(place{group: true, body: true, quick: p.quick || p.body, depth: p.depth}, 1+m.IntN(5))
		return s
	case "gather", "results", "each":
		return m.gather(p, op)
	case "wait":
		s := m.new(op)
		s.How = []string{"all", "first", "error"}[m.IntN(3)]
		s.N = m.span()
		for range 1 + m.IntN(3) {
			s.Do = append(s.Do, m.member())
		}
		return s
	default:
		return m.which(op)
	}
}

func (m *maker) which(op string) step {
	s := m.new(op)
	s.K = m.IntN(m.few)
	return s
}

// task generates a step about a task.
func (m *maker) task(op string) step {
	if len(m.tasks) == 0 {
		return m.sleep()
	}
	s := m.new(op)
	s.K = m.tasks[m.IntN(len(m.tasks))]
	s.Fails = op == "await" && m.IntN(4) == 0
	return s
}

func (m *maker) spawn(p place) step {
	s := m.new("spawn")
	s.Grp = p.group && m.IntN(4) != 0
	m.tasks = append(m.tasks, s.ID)
	s.Do = m.steps(place{group: s.Grp, quick: s.Grp && p.quick, depth: p.depth}, 1+m.IntN(5))
	if s.Grp && m.IntN(4) == 0 { // the handling by the group is the subject
		s.Do = append(s.Do, m.new("raise"))
	}
	return s
}

func (m *maker) gather(p place, op string) step {
	s := m.new(op)
	s.Fails = op == "gather" && m.IntN(4) == 0
	for range 1 + m.IntN(3) {
		if len(m.tasks) > 0 && m.IntN(3) == 0 {
			s.Do = append(s.Do, m.member())
			continue
		}
		member := m.new("member")
		member.W = 0
		member.Do = m.steps(place{group: p.group, quick: p.quick || p.body, depth: p.depth}, 1+m.IntN(3))
		s.Do = append(s.Do, member)
	}
	return s
}

// member returns a task as an argument of gather or wait, or 0 if there is none.
func (m *maker) member() step {
	k := 0
	if len(m.tasks) > 0 {
		k = m.tasks[m.IntN(len(m.tasks))]
	}
	return step{Op: "task", K: k}
}

func (m *maker) try(p place) step {
	s := m.new("try")
	s.How = []string{"reraise", "reraise", "fail", "return", "swallow"}[m.IntN(5)]
	if p.body && s.How == "return" || m.kind == turns && s.How == "swallow" {
		s.How = "reraise"
	}
	s.Do = m.steps(p, 1+m.IntN(4))
	for range m.IntN(3) {
		s.Clean = append(s.Clean, m.clean(p))
	}
	return s
}

// clean generates a clean-up step. It may take time, but does not wait for others.
func (m *maker) clean(p place) step {
	ops := []string{"set", "futset", "tryput", "sleep", "sleep"}
	if p.quick || p.body {
		ops = ops[:1] // several tasks may clean up at one instant, in any order; this step does not show the order
	}
	op := ops[m.IntN(len(ops))]
	if op == "sleep" {
		return m.sleep()
	}
	s := m.which(op)
	if p.quick || p.body {
		s.W = 0
	}
	return s
}
