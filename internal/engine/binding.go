package engine

import (
	"context"
	"sync/atomic"
)

// A Binding binds a primitive to the loop that uses it first. The zero value is unbound. After that
// loop has ended, another one may use the primitive.
type Binding struct {
	loop atomic.Pointer[Loop]
	Left func() // called at the first use after the loop has ended; may be nil
}

// Enter is the function Enter for a call of the primitive that h binds.
func (h *Binding) Enter(ctx context.Context) (Caller, error) {
	c, err := Enter(ctx)
	if err != nil {
		return c, err
	}
	if h.loop.Load() != c.L && !h.move(c.L) {
		return Caller{}, Refuse(ErrWrongLoop, whatOtherBinding)
	}
	return c, nil
}

// Caller returns the running task as a caller that nothing cancels. It is the zero Caller
// in a callback, and where no loop runs. For a call that Check has admitted.
func (h *Binding) Caller() Caller {
	if l := h.loop.Load(); l != nil {
		if r := l.cur.Load(); r != nil && r.task.Load() != nil {
			return Caller{l, r, nil}
		}
	}
	return Caller{}
}

// move binds h to l if h is unbound or its loop has ended. It reports whether it did.
func (h *Binding) move(l *Loop) bool {
	old := h.loop.Load()
	if old != nil && old.life.Load() != lifeClosed || !h.loop.CompareAndSwap(old, l) {
		return false
	}
	if old != nil && h.Left != nil {
		h.Left()
	}
	return true
}

// Check admits a call without ctx. It panics unless the goroutine runs the current step of the loop.
// Any goroutine may use a primitive that is not bound.
func (h *Binding) Check(call string) {
	if l := h.loop.Load(); l == nil || !l.Here() {
		h.checkSlowly(call)
	}
}

func (h *Binding) checkSlowly(call string) {
	l := h.loop.Load()
	here := steppingHere()
	switch {
	case here != nil:
		if !h.move(here) {
			panic(Misuse(ErrWrongLoop, call, whatOtherBinding))
		}
	case l != nil && !h.move(nil):
		panic(Misuse(ErrWrongTask, call, whatOffLoop))
	}
}

// steppingHere returns the loop whose step the calling goroutine runs, if any.
func steppingHere() *Loop {
	loops.Lock()
	defer loops.Unlock()
	for _, l := range loops.running {
		if l.Here() {
			return l
		}
	}
	return nil
}
