package stress

import (
	"math/rand/v2"
	"slices"
)

// A generator generates a random program.
type generator struct {
	*rand.Rand
	p       program
	left    int   // the number of statements that may still be generated
	id      int   // of the last statement
	handles []int // statements so far that create a task or future
	futures []int // those of handles that create a future
	leaves  []string
	blocks  []string
	few     int // the number of primitives of each kind
}

// A where is the position of a statement.
type where struct {
	depth    int
	second   bool // on the second loop, which shares no primitive with the first one
	shielded bool // the ctx is never cancelled: a statement here must end without a cancellation
	held     int  // the program holds the locks below this index
	thread   bool // in a goroutine without a loop
	args     bool // in the input of Map, which cannot return an error
}

const primitives = 2 // of each kind

func generate(seed uint64) program {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7)), p: program{Seed: seed}}
	g.left = 5 + g.IntN(60)
	g.few = 1 + g.IntN(primitives)
	g.p.Exact = g.IntN(3) == 0
	g.p.Panics = []string{noPanics, noPanics, panicsAsErrors, panicsEndRun}[g.IntN(4)]
	g.p.End = ends[g.IntN(len(ends))]
	g.p.EndAt = 1 + g.IntN(30)
	if !g.p.Exact && g.IntN(3) == 0 {
		g.p.Second = 1 + g.IntN(40)
	}
	g.choose()
	g.p.Do = g.stmts(where{}, 2+g.IntN(6))
	return g.p
}

var (
	leaves = []string{
		"await", "result", "cancel", "set", "seterr", "future", "put", "get", "tryput", "tryget", "shutdown", "join", "event", "setevent", "clear",
		"notify", "barrier", "reset", "abort", "ondone", "later", "soon", "checkpoint", "raise",
	}
	channelLeaves = []string{"send", "recv"}
	panicLeaves   = []string{"panic", "goexit"}
	blocks        = []string{
		"group", "gather", "results", "each", "wait", "waitfor", "timeout", "lock", "sem", "condition", "thread", "go",
		"submit", "try", "recover", "retry", "cleanup", "direct", "repeat", "shield",
	}
	looseBlocks = []string{"map", "abandon", "cancelled", "foreign"} // not in exact programs: goroutines of the library race in them
	threadOps   = []string{"pause", "pause", "set", "seterr", "cancel", "submit", "await", "result", "soon", "ondone", "raise", "send", "recv", "inspect"}
)

// choose selects a few kinds of statements. With fewer kinds, the same ones interact more often.
func (g *generator) choose() {
	all, some := slices.Clone(leaves), slices.Clone(blocks)
	if !g.p.Exact {
		all, some = append(all, channelLeaves...), append(some, looseBlocks...)
	}
	pick := func(from []string, n int) (picked []string) {
		for range n {
			picked = append(picked, from[g.IntN(len(from))])
		}
		return picked
	}
	g.leaves = append(pick(all, 2+g.IntN(7)), "sleep", "sleep", "await")
	g.blocks = append(pick(some, 2+g.IntN(6)), "spawn", "spawn")
	if g.p.Panics != noPanics && g.IntN(2) == 0 {
		g.leaves = append(g.leaves, pick(panicLeaves, 1)...)
	}
	for _, pair := range [][2]string{
		{"put", "get"}, {"get", "put"}, {"send", "recv"}, {"recv", "send"}, {"event", "setevent"}, {"condition", "notify"}, {"set", "future"}, {"seterr", "future"},
		{"join", "get"}, {"tryput", "get"}, {"tryget", "put"},
	} {
		if slices.Contains(g.leaves, pair[0]) || slices.Contains(g.blocks, pair[0]) {
			g.leaves = append(g.leaves, pair[1])
		}
	}
}

func (g *generator) stmts(w where, n int) (made []stmt) {
	w.depth++
	for range n {
		if g.left > 0 {
			made = append(made, g.stmt(w))
		}
	}
	if len(made) == 0 {
		made = append(made, g.sleep())
	}
	return made
}

func (g *generator) new(op string) stmt {
	g.id++
	g.left--
	return stmt{ID: g.id, Op: op}
}

func (g *generator) sleep() stmt {
	s := g.new("sleep")
	s.N = max(0, g.IntN(7)-2)
	return s
}

func (g *generator) stmt(w where) stmt {
	if w.thread {
		return g.threadStmt(w)
	}
	kinds := g.leaves
	if w.depth < 7 && (w.depth == 1 || g.IntN(2) == 0) {
		kinds = g.blocks
	}
	op := kinds[g.IntN(len(kinds))]
	if w.second && !slices.Contains([]string{"await", "result", "cancel", "set", "seterr", "future", "raise", "group", "gather", "results", "each", "timeout", "waitfor", "spawn", "submit"}, op) ||
		w.shielded && !slices.Contains([]string{"set", "seterr", "cancel", "tryput", "tryget", "setevent", "future", "spawn", "soon"}, op) ||
		w.args && !slices.Contains([]string{"put", "send", "event", "get", "recv", "await", "gather", "group", "set", "thread", "waitfor", "each"}, op) {
		return g.sleep()
	}
	s := g.new(op)
	switch op {
	case "await", "result", "cancel", "ondone":
		s.K = g.handle()
		s.Fails = op == "await" && g.IntN(5) == 0
	case "set", "seterr":
		s.K = g.future()
	case "future":
		g.handles, g.futures = append(g.handles, s.ID), append(g.futures, s.ID)
	case "put", "get", "tryput", "tryget", "join", "shutdown":
		if s.Op == "shutdown" && g.IntN(3) > 0 { // rarely, because most calls fail afterwards
			s.Op = "tryput"
		}
		s.K, s.How = g.IntN(g.few), []string{"", "", "lifo", "priority"}[g.IntN(4)]
		if s.Op == "shutdown" {
			s.N = g.IntN(2) // 1: immediate
		}
	case "send", "recv", "event", "setevent", "clear", "barrier", "reset", "abort":
		s.K = g.IntN(g.few)
	case "notify":
		s.K, s.N = g.IntN(g.few), g.IntN(4)
	case "later", "soon":
		s.K, s.N = g.future(), g.IntN(4)
		s.How = []string{"", "set", "seterr", "cancel", "panic"}[g.IntN(5)]
		if s.How == "panic" && (g.p.Panics == noPanics || g.IntN(4) > 0) {
			s.How = ""
		}
	case "raise", "panic", "goexit":
		if g.IntN(2) == 0 && w.depth < 3 {
			s.Op = "sleep"
		}
	case "checkpoint", "sleep":
		s.N = max(0, g.IntN(7)-2)
	default:
		g.block(w, &s)
	}
	return s
}

// block generates a statement with a body.
func (g *generator) block(w where, s *stmt) {
	some := 1 + g.IntN(4)
	switch s.Op {
	case "spawn", "submit":
		in := where{depth: w.depth, second: w.second}
		if s.Op == "submit" && g.p.Second > 0 && g.IntN(2) == 0 {
			s.How = "second"
			in.second = true
		}
		if s.Op == "spawn" && g.IntN(8) == 0 || w.shielded {
			s.How, in.shielded = "shielded", true
		}
		g.handles = append(g.handles, s.ID)
		s.Do = g.stmts(in, some)
		if g.IntN(3) == 0 {
			s.Do = append(s.Do, g.new("raise"))
		}
	case "group":
		s.Fails = g.IntN(5) == 0
		s.Do = g.stmts(w, 1+g.IntN(5))
	case "gather", "results", "each":
		s.Fails = s.Op == "gather" && g.IntN(5) == 0
		if s.Op == "each" && g.IntN(2) == 0 {
			s.How, s.N = "left early", g.IntN(3)
		}
		for range some {
			s.Do = append(s.Do, g.member(w, "member"))
		}
	case "wait":
		s.How = []string{"all", "first", "error"}[g.IntN(3)]
		s.Fails = g.IntN(2) == 0
		for range some {
			s.Do = append(s.Do, stmt{Op: "handle", K: g.handle()})
		}
	case "waitfor":
		s.N = g.IntN(6)
		if g.IntN(2) == 0 {
			s.Do = []stmt{{Op: "handle", K: g.handle()}}
		} else {
			s.Do = []stmt{g.member(w, "member")}
		}
	case "timeout", "foreign", "cancelled":
		s.N = g.IntN(6)
		s.Do = g.stmts(w, some)
	case "lock", "condition":
		if w.held >= g.few {
			s.Op = "cleanup"
			g.block(w, s)
			return
		}
		s.K = w.held + g.IntN(g.few-w.held)
		w.held = s.K + 1
		s.Do = g.stmts(w, some)
	case "sem":
		s.K = g.IntN(g.few)
		s.Do = g.stmts(w, some)
	case "thread", "abandon", "go":
		s.How = []string{"", "limited"}[g.IntN(2)]
		w.thread = true
		s.Do = g.stmts(w, some)
		s.Fails = g.IntN(5) == 0
		if s.Op != "go" && g.p.Panics != noPanics && g.IntN(8) == 0 {
			s.Do = append(s.Do, g.new("panic"))
		}
	case "shield":
		w.shielded = true
		s.Do = g.stmts(w, some)
	case "cleanup":
		s.Do = g.stmts(w, some)
		w.shielded = true
		s.Do = append(s.Do, stmt{Op: "after", Do: g.stmts(w, 1+g.IntN(2))})
	case "repeat", "retry":
		s.N = 2 + g.IntN(3)
		s.Do = g.stmts(w, some)
	case "map":
		s.N = g.IntN(6)
		s.How = []string{"", "left early"}[g.IntN(2)]
		args := w
		args.args = true
		s.Do = []stmt{
			{Op: "args", Do: g.stmts(args, some)},
			{Op: "body", Do: g.stmts(w, 1)},
		}
	default: // try, recover, direct
		s.Fails = g.IntN(5) == 0
		s.Do = g.stmts(w, some)
	}
}

// member generates an argument of a gather: a coroutine or a handle.
func (g *generator) member(w where, op string) stmt {
	if len(g.handles) > 0 && g.IntN(3) == 0 {
		return stmt{Op: "handle", K: g.handle()}
	}
	s := g.new(op)
	s.Do = g.stmts(where{depth: w.depth, second: w.second}, 1+g.IntN(3))
	if g.IntN(4) == 0 {
		s.Do = append(s.Do, g.new("raise"))
	}
	return s
}

func (g *generator) threadStmt(w where) stmt {
	op := threadOps[g.IntN(len(threadOps))]
	if g.p.Exact && slices.Contains([]string{"send", "recv", "inspect"}, op) {
		op = "pause"
	}
	s := g.new(op)
	switch op {
	case "pause":
		s.N = g.IntN(5)
	case "set", "seterr":
		s.K = g.future()
	case "cancel", "result", "ondone", "await":
		s.K = g.handle()
	case "soon":
		s.K = g.future()
		s.How = []string{"", "set", "seterr"}[g.IntN(3)]
	case "send", "recv":
		s.K = g.IntN(g.few)
	case "submit":
		in := where{depth: w.depth + 1}
		if g.p.Second > 0 && g.IntN(2) == 0 {
			s.How, in.second = "second", true
		}
		s.Fails = g.IntN(2) == 0
		g.handles = append(g.handles, s.ID)
		s.Do = g.stmts(in, 1+g.IntN(3))
	}
	return s
}

// handle returns a statement that creates a task or future, or 0 if there is none.
func (g *generator) handle() int {
	if len(g.handles) == 0 {
		return 0
	}
	return g.handles[g.IntN(len(g.handles))]
}

func (g *generator) future() int {
	if len(g.futures) == 0 {
		return 0
	}
	return g.futures[g.IntN(len(g.futures))]
}
