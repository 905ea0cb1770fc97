package coro

import (
	"errors"
	"iter"
)

// found is the result of Check. Check writes it once, before the first loop runs.
var found facts

// facts are the properties of the runtime that depend on processor and toolchain.
type facts struct {
	hops   uintptr // see returnPC
	offset uintptr // of a goroutine's number in the runtime's g
	pull   string  // the file of iter.Pull, as traces print it
}

// Check compares the runtime with the assumptions of this package, which package engine lists. It
// takes some microseconds, and must have returned before a loop runs. It returns an error for a
// difference that prevents the use of the package. Otherwise limit describes what does not work, or
// is empty.
func Check() (limit string, err error) {
	f, limit, err := check(actual)
	if err == nil {
		found = f
		hops.Store(f.hops)
	}
	return limit, err
}

// probes are the functions with which Check examines the runtime. Tests replace them.
type probes struct {
	identity  func() uintptr
	words     func(g uintptr) []uint64 // nil if identities are numbers
	hops      func() (hops uintptr, ok bool)
	coroutine func() bool
}

var actual = probes{G, words, findHops, isCoroutine}

// A view is what Check finds out about a goroutine in that goroutine.
type view struct {
	identity, number uint64
	words            []uint64
	coroutine        bool
	creator          uint64
	file             string // the file with the statement that created it
}

func (p *probes) view() view {
	g := p.identity()
	v := view{identity: uint64(g), number: ID(), words: p.words(g), coroutine: p.coroutine()}
	v.creator, v.file = creation(stack(false))
	return v
}

func check(p probes) (f facts, limit string, err error) {
	var pulled view
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		pulled = p.view()
		yield(struct{}{})
	})
	defer stop()
	next() // the coroutine stays suspended, so that the three goroutines exist at the same time
	me := p.view()
	views := make(chan view)
	go func() { views <- p.view() }()
	other := <-views

	switch {
	case me.number == 0 || me.number == other.number || me.number == pulled.number:
		return f, "", errors.New("the trace of a goroutine does not begin with its number")
	case me.identity == other.identity:
		return f, "", errors.New("two goroutines have the same identity")
	case me.identity == pulled.identity || other.identity == pulled.identity:
		return f, "", errors.New("a coroutine has the identity of another goroutine")
	case me.identity != uint64(p.identity()):
		return f, "", errors.New("the identity of a goroutine changes")
	}
	if me.words != nil {
		i := 0
		for i < len(me.words) && !(me.words[i] == me.number && other.words[i] == other.number && pulled.words[i] == pulled.number) {
			i++
		}
		if i == len(me.words) {
			return f, "", errors.New("the number of a goroutine is not where its identity points to")
		}
		f.offset = uintptr(i) * 8
	}
	var ok bool
	if f.hops, ok = p.hops(); !ok {
		return f, "", errors.New("frame pointers do not lead to the caller")
	}
	if !pulled.coroutine || me.coroutine && me.file != pulled.file || other.coroutine || pulled.creator != me.number || pulled.file == "" {
		limit = "a call that blocks the loop from within an iter.Pull is not refused: the stack of a coroutine does not show what made it"
	}
	f.pull = pulled.file
	return f, limit, nil
}
