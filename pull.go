package asyncio

import (
	"iter"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// Pull is [iter.Pull] for a sequence whose body awaits: Sleep, Queue.Get, a Read
// of a connection. next runs the body until its next value and suspends the
// calling task while the body awaits. stop makes yield return false, runs the body
// to its end, and also suspends while the body awaits. Call stop unless next has
// returned false; a second call does nothing.
//
//	next, stop := asyncio.Pull(numbers(ctx))
//	defer stop()
//	for v, ok := next(); ok; v, ok = next() {
//
// Several tasks may call next one after the other. A call while another has not
// returned panics with ErrWrongTask. So does a call of another task while the body
// is inside of a task group or a WaitFor, which belong to the task that entered
// them.
//
// A task group or a WaitFor that the body has entered bounds calls without a ctx,
// such as Conn.Read, in the body only, not in the caller of next. A panic in the
// body continues in the caller as a *PanicError with the stack of the body;
// runtime.Goexit continues too. Off the loop Pull is iter.Pull.
//
// If stop is not called, the goroutine of the body remains until the process ends, as
// with iter.Pull. If a task enters a task group in the body and ends before stop, next
// returns false from then on, and the deferred calls of the body do not run.
func Pull[V any](seq iter.Seq[V]) (next func() (V, bool), stop func()) {
	if seq == nil {
		panic("asyncio: Pull: seq must not be nil")
	}
	p := &pull[V]{call: "Pull"}
	p.s.Start(func() { seq(p.yield) })
	return p.next, p.stop
}

// Pull2 is Pull for a sequence of pairs.
func Pull2[K, V any](seq iter.Seq2[K, V]) (next func() (K, V, bool), stop func()) {
	if seq == nil {
		panic("asyncio: Pull2: seq must not be nil")
	}
	type pair struct {
		k K
		v V
	}
	p := &pull[pair]{call: "Pull2"}
	p.s.Start(func() { seq(func(k K, v V) bool { return p.yield(pair{k, v}) }) })
	return func() (K, V, bool) {
		kv, ok := p.next()
		return kv.k, kv.v, ok
	}, p.stop
}

type pull[V any] struct {
	call string
	s    engine.Sequence
	v    V // on its way from the body to next
}

func (p *pull[V]) yield(v V) bool {
	p.v = v
	return p.s.Suspend()
}

func (p *pull[V]) next() (v V, ok bool) {
	if ok = p.s.Resume(p.call); ok {
		v = p.v
	}
	var zero V
	p.v = zero
	return v, ok
}

func (p *pull[V]) stop() { p.s.Stop(p.call) }
