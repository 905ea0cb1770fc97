package asyncio

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Result is what an awaitable gave: a value or an error.
type Result[T any] struct {
	Value T
	Err   error
}

var errNilAwaitable = errors.New("asyncio: nil awaitable")

// Gather awaits all of aws together and returns their results in order of the
// arguments. Coroutines are started as tasks; tasks and futures are only
// awaited.
//
// The first error ends it: Gather cancels the coroutines that it started, waits for
// them, and returns the error. Tasks and futures that were handed in go on. The errors
// of all the other arguments count as received, also those that come after Gather has
// returned: use GatherResults to see them all.
//
// If ctx is cancelled, Gather cancels what it started, waits for it, and returns
// ctx.Err(). Errors of what it started are dropped; those of tasks and futures that were
// handed in do not count as received.
//
//	values, err := asyncio.Gather(ctx, task1, task2)
//	values, err := asyncio.Gather(ctx, []asyncio.Awaitable[int]{task, coroutine}...)
//
//go:noinline
func Gather[T any, A Awaitable[T]](ctx context.Context, aws ...A) ([]T, error) {
	g, err := gather[T](ctx, aws, coro.CallSite(), failFast, false)
	if err != nil {
		return nil, err
	}
	first, err := g.multiAwait.Gather()
	if own := g.multiAwait.Late(); own != nil {
		return nil, own
	}
	if first != nil {
		disregard[T](aws)
		return nil, first.Receive()
	}
	if err != nil {
		return nil, err
	}
	values := make([]T, len(g.sources))
	for i, s := range g.sources {
		values[i], _ = s.Result()
	}
	return values, nil
}

// disregard makes the errors of tasks and futures count as received, now or later.
func disregard[T any, A Awaitable[T]](aws []A) {
	for _, aw := range aws {
		if handle, ok := any(aw).(interface{ completion() *engine.Completion }); ok {
			handle.completion().Disregard()
		}
	}
}

// GatherResults is Gather that never fails: it waits for all of aws and returns
// one Result for each. If ctx is cancelled it cancels what it started, and what
// had not ended by itself carries ctx's error; an error that comes later does not count
// as received.
//
//go:noinline
func GatherResults[T any, A Awaitable[T]](ctx context.Context, aws ...A) []Result[T] {
	results := make([]Result[T], len(aws))
	g, err := gather[T](ctx, aws, coro.CallSite(), waitForAll, false)
	if err != nil {
		for i := range results {
			results[i].Err = err
		}
		return results
	}
	_, err = g.multiAwait.Gather()
	if err == nil {
		err = g.multiAwait.Err()
	}
	for i := range results {
		results[i] = g.result(i, err)
	}
	return results
}

func failFast(_ *engine.MultiAwait, m *engine.Completion) bool { return m.Failed() }

func waitForAll(*engine.MultiAwait, *engine.Completion) bool { return false }

// A source is where Gather finds the result of one argument.
type source[T any] interface {
	Result() (T, error)
	cut() bool // it was started for this call, and cancelled with it
}

// ownTask is a task that Gather started.
type ownTask[T any] struct {
	Task[T]
	multiAwait *engine.MultiAwait
	pos        int
}

// ownBody is an ownTask as the engine sees it.
type ownBody[T any] ownTask[T]

func (b *ownBody[T]) Run(ctx context.Context) (err error) {
	b.value, err = b.coro(ctx)
	return err
}

func (b *ownBody[T]) Discard() { b.coro = nil }

func (b *ownBody[T]) Handle() any { return &b.Task }

func (b *ownBody[T]) MultiAwait() (*engine.MultiAwait, int) { return b.multiAwait, b.pos }

func (t *ownTask[T]) cut() bool                     { return t.t.CutBy(t.multiAwait) }
func (*Task[T]) cut() bool                          { return false }
func (*Future[T]) cut() bool                        { return false }
func (f *Future[T]) completion() *engine.Completion { return &f.c }
func (t *Task[T]) completion() *engine.Completion   { return t.t.Completion() }

// result is the outcome of argument i; what ctx's cancellation cut short carries
// its error.
func (g *gathering[T]) result(i int, cancelled error) Result[T] {
	s := g.sources[i]
	v, err := s.Result()
	if cancelled != nil && (err == ErrNotDone || s.cut()) {
		err = cancelled
	}
	return Result[T]{v, err}
}

type gathering[T any] struct {
	multiAwait *engine.MultiAwait
	sources    []source[T]
	slab       []ownTask[T] // tasks are made in batches; no reference outlives the call
}

const slabLen = 64

func gather[T any, A Awaitable[T]](ctx context.Context, aws []A, site coro.Site, enough func(*engine.MultiAwait, *engine.Completion) bool, ordered bool) (*gathering[T], error) {
	for i, aw := range aws {
		if isNil(aw) {
			return nil, engine.Refuse(errNilAwaitable, fmt.Sprintf("argument %d of %d is nil", i, len(aws)))
		}
	}
	multiAwait, err := engine.NewMultiAwait(ctx, enough)
	if err != nil {
		return nil, err
	}
	multiAwait.Ordered = ordered
	g := &gathering[T]{multiAwait: multiAwait, sources: make([]source[T], len(aws))}
	for i, aw := range aws {
		switch aw := any(aw).(type) {
		case *Task[T]:
			g.observe(ctx, i, aw, aw.completion(), true, len(aws)-i, site)
		case *Future[T]:
			g.observe(ctx, i, aw, aw.completion(), false, len(aws)-i, site)
		case Coroutine[T]:
			g.start(ctx, i, aw, len(aws)-i, site)
		case Awaitable[T]:
			g.start(ctx, i, aw.Await, len(aws)-i, site)
		}
	}
	return g, nil
}

func (g *gathering[T]) observe(ctx context.Context, i int, s source[T], c *engine.Completion, task bool, left int, site coro.Site) {
	if c.Loop() != engine.NodeOf(ctx).Loop() {
		g.start(ctx, i, s.(Awaitable[T]).Await, left, site)
		return
	}
	g.sources[i] = s
	g.multiAwait.Observe(c, task)
}

func (g *gathering[T]) start(ctx context.Context, i int, c Coroutine[T], left int, site coro.Site) {
	if len(g.slab) == 0 {
		g.slab = make([]ownTask[T], min(left, slabLen))
	}
	t := &g.slab[0]
	g.slab = g.slab[1:]
	t.coro, t.multiAwait, t.pos = c, g.multiAwait, g.multiAwait.Position()
	g.sources[i] = t
	g.multiAwait.Start(ctx, &t.t, (*ownBody[T])(t), site)
}

// isNil reports whether v is nil, or an interface with a nil function or
// pointer in it.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Func, reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice, reflect.Chan:
		return r.IsNil()
	}
	return false
}
