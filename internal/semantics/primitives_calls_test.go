package semantics_test

import (
	"context"
	"maps"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// This file lists the calls of the primitives, for the rules that hold for each of them (S13, S19, S20).

// A kit is one primitive of each kind, and a channel.
type kit struct {
	lock      asyncio.Lock
	event     asyncio.Event
	condition *asyncio.Condition
	semaphore *asyncio.Semaphore
	barrier   *asyncio.Barrier
	queues    map[string]anyQueue
	ch        chan int
}

// newKit returns primitives that nobody has used yet.
func newKit() *kit {
	k := &kit{
		condition: asyncio.NewCondition(nil), semaphore: asyncio.NewSemaphore(1), barrier: asyncio.NewBarrier(2),
		queues: map[string]anyQueue{}, ch: make(chan int, 1),
	}
	for name, newQueue := range queueKinds {
		k.queues[name] = newQueue(1)
	}
	return k
}

// bind uses each of them once on the running loop, and leaves it as it was.
func (k *kit) bind() {
	for _, l := range []*asyncio.Lock{&k.lock, k.condition.L} {
		if l.TryAcquire() {
			l.Release()
		}
	}
	if k.semaphore.TryAcquire() {
		k.semaphore.Release()
	}
	k.event.Clear()
	k.barrier.Reset()
	for _, q := range k.queues {
		q.TryGet()
	}
}

// generous leaves something for everybody: no call waits. The condition's lock is held, as its calls expect.
func (k *kit) generous() {
	k.condition.L.TryAcquire()
	k.event.Set()
	for _, q := range k.queues {
		q.TryPut(1)
	}
	k.ch <- 1
}

// exhaust leaves nothing: every call waits, but for the Puts, which are there to be waited for.
func (k *kit) exhaust() {
	k.lock.TryAcquire()
	k.condition.L.TryAcquire()
	k.semaphore.TryAcquire()
}

// fill leaves the queues full, so that the Puts wait.
func (k *kit) fill() {
	for _, q := range k.queues {
		q.TryPut(1)
	}
	k.ch <- 1
}

// A namedCall is a call that suspends.
type namedCall struct {
	name string
	call func(ctx context.Context) error
}

// suspending are the calls that want what generous leaves.
func (k *kit) suspending() []namedCall {
	calls := []namedCall{
		{"Lock.Acquire", func(ctx context.Context) error {
			err := k.lock.Acquire(ctx)
			if err == nil {
				k.lock.Release()
			}
			return err
		}},
		{"Event.Wait", k.event.Wait},
		{"Condition.Wait", k.condition.Wait},
		{"Condition.WaitFor", func(ctx context.Context) error {
			return k.condition.WaitFor(ctx, func() bool { return false })
		}},
		{"Semaphore.Acquire", k.semaphore.Acquire},
		{"Barrier.Wait", func(ctx context.Context) error { return second(k.barrier.Wait(ctx)) }},
		{"Recv", func(ctx context.Context) error { _, _, err := asyncio.Recv(ctx, k.ch); return err }},
	}
	for name, q := range k.queues {
		calls = append(calls,
			namedCall{name + ".Get", func(ctx context.Context) error { return second(q.Get(ctx)) }},
			namedCall{name + ".Join", q.Join},
		)
	}
	return calls
}

// puts are the calls that want room.
func (k *kit) puts() []namedCall {
	calls := []namedCall{{"Send", func(ctx context.Context) error { return asyncio.Send(ctx, k.ch, 2) }}}
	for name, q := range k.queues {
		calls = append(calls, namedCall{name + ".Put", func(ctx context.Context) error { return q.Put(ctx, 2) }})
	}
	return calls
}

// A loopOnlyCall has no ctx and belongs on the loop.
type loopOnlyCall struct {
	name string
	call func()
}

// loopOnly are the calls without a ctx, in an order in which none of them panics on the loop after generous.
func (k *kit) loopOnly() []loopOnlyCall {
	calls := []loopOnlyCall{
		{"Lock.TryAcquire", func() { k.lock.TryAcquire() }},
		{"Lock.Release", k.lock.Release},
		{"Event.Set", k.event.Set},
		{"Event.Clear", k.event.Clear},
		{"Condition.Notify", func() { k.condition.Notify(1) }},
		{"Condition.NotifyAll", k.condition.NotifyAll},
		{"Semaphore.TryAcquire", func() { k.semaphore.TryAcquire() }},
		{"Semaphore.Release", k.semaphore.Release},
		{"Barrier.Reset", k.barrier.Reset},
		{"Barrier.Abort", k.barrier.Abort},
		{"Lock.Locked", func() { k.lock.Locked() }},
		{"Event.IsSet", func() { k.event.IsSet() }},
		{"Barrier.Waiting", func() { k.barrier.Waiting() }},
		{"Barrier.Broken", func() { k.barrier.Broken() }},
	}
	for name, q := range k.queues {
		calls = append(calls,
			loopOnlyCall{name + ".TryPut", func() { q.TryPut(1) }},
			loopOnlyCall{name + ".TryGet", func() { q.TryGet() }},
			loopOnlyCall{name + ".Len", func() { q.Len() }},
			loopOnlyCall{name + ".Closed", func() { q.Closed() }},
			loopOnlyCall{name + ".TaskDone", q.TaskDone},
			loopOnlyCall{name + ".Shutdown", func() { q.Shutdown(false) }},
			loopOnlyCall{name + ".Shutdown(true)", func() { q.Shutdown(true) }},
		)
	}
	return calls
}

// state tells all that can be asked of the primitives. On the loop only.
func (k *kit) state() map[string]any {
	s := map[string]any{
		"Lock.Locked": k.lock.Locked(), "Event.IsSet": k.event.IsSet(), "the condition's lock": k.condition.L.Locked(),
		"Barrier.Waiting": k.barrier.Waiting(), "Barrier.Broken": k.barrier.Broken(), "len(ch)": len(k.ch),
	}
	for name, q := range k.queues {
		s[name+".Len"], s[name+".Closed"] = q.Len(), q.Closed()
	}
	return s
}

// unchanged checks that fn changes nothing of that.
func (k *kit) unchanged(t *testing.T, fn func()) {
	t.Helper()
	before := k.state()
	fn()
	if after := k.state(); !maps.Equal(before, after) {
		t.Errorf("the refused calls changed something:\n%v\n%v", before, after)
	}
}
