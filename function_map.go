package asyncio

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// A MapOption is an option of Map: ChunkSize or Window.
type MapOption interface{ applyMap(*mapOptions) }

type mapOptions struct {
	chunk, window int
}

type chunkOption int

func (n chunkOption) applyMap(o *mapOptions) { o.chunk = int(n) }

// ChunkSize has Map send that many elements in one call. The default is measured:
// one at first, then as many as take 20 ms, at most 1024 and, encoded, about a MiB.
// It panics if n is less than 1.
func ChunkSize(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: ChunkSize(%d): n must be at least 1", n))
	}
	return chunkOption(n)
}

type windowOption int

func (n windowOption) applyMap(o *mapOptions) { o.window = int(n) }

// Window bounds how many calls of Map are under way or wait for the range loop to
// take their results. The default is twice the executor's workers. It panics if n
// is less than 1.
func Window(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: Window(%d): n must be at least 1", n))
	}
	return windowOption(n)
}

const (
	chunkTime = 20 * time.Millisecond
	mostChunk = 1024
	mostBytes = 1 << 20 // from here on to send an element costs more than a call
)

// Map calls the function for each element of args by exec, several at once, and
// gives the results to a range loop in the order of args:
//
//	for thumb, err := range Thumbnail.Map(ctx, pool, slices.Values(images)) {
//
// args is read by a task of its own, no further ahead than Window allows, so that a
// slow loop holds it back and a slow args keeps no finished result waiting. Cheap
// elements travel together, see ChunkSize; one that fails is that element's error.
// Where a worker dies with several elements, or their arguments or results are together
// more than the executor sends, each is run again in a call of its own, so that only the
// guilty one fails: others may then have run twice. ChunkSize(1) rules that out.
//
// Leaving the loop cancels what is under way, also an await in args, and waits for
// it. What args gives is Map's until its result is there. If ctx is cancelled, as the
// end of Run does, what is under way is cancelled and awaited too, and the loop gets
// ctx.Err() as its last element. Use it in a task, with a ctx that
// has a loop: otherwise ErrNoLoop is the only element. It may be ranged over again
// if args may.
func (f *Func[A, R]) Map(ctx context.Context, exec Executor, args iter.Seq[A], opts ...MapOption) iter.Seq2[R, error] {
	var o mapOptions
	for _, opt := range opts {
		if opt != nil {
			opt.applyMap(&o)
		}
	}
	return func(yield func(R, error) bool) {
		var zero R
		if _, err := engine.Enter(ctx); err != nil {
			yield(zero, err)
			return
		}
		if isNilExecutor(exec) {
			yield(zero, fmt.Errorf("%w: Map of %q", ErrNoExecutor, f.name))
			return
		}
		if args == nil {
			return
		}
		m := &mapping[A, R]{f: f, exec: exec, opts: o, size: max(1, o.chunk)}
		if m.opts.window == 0 {
			m.opts.window = 2 * workersOf(exec)
		}
		ended := false
		err := WithTaskGroup(ctx, func(ctx context.Context) error {
			defer m.stop()
			m.feeder = Go(ctx, func(ctx context.Context) error { return m.feed(ctx, args) }, Name("Map "+f.name+" input"))
			m.feeder.t.Confine() // args may hold the ctx of the caller
			var err error
			ended, err = m.give(ctx, yield)
			return err
		})
		if err != nil && !ended {
			yield(zero, err)
		}
	}
}

// workersOf returns how many calls the executor runs at once, if it tells.
func workersOf(exec Executor) int {
	if e, ok := exec.(interface{ Workers() int }); ok {
		return max(1, e.Workers())
	}
	return runtime.GOMAXPROCS(0)
}

// mapping is one range over a Map: a task that feeds, and the caller that gives.
type mapping[A, R any] struct {
	f    *Func[A, R]
	exec Executor
	opts mapOptions

	feeder  *Task[struct{}]
	partial []A // read, and not sent yet
	size    int // of the next chunk
	calls   []*Task[[]Result[R]]
	changed Event // something for the other one to look at
	over    bool  // args has ended
}

// feed reads args and sends chunks while there is room.
func (m *mapping[A, R]) feed(ctx context.Context, args iter.Seq[A]) error {
	var err error
	for a := range args {
		m.partial = append(m.partial, a)
		m.changed.Set()
		for len(m.partial) >= m.size && err == nil {
			if len(m.calls) < m.opts.window {
				m.send(ctx)
				break
			}
			m.changed.Clear()
			err = m.changed.Wait(ctx)
		}
		if err != nil {
			return err
		}
	}
	m.over = true
	m.changed.Set()
	return nil
}

// send starts the call of a chunk.
func (m *mapping[A, R]) send(ctx context.Context) {
	chunk := m.partial
	m.partial = nil
	m.calls = append(m.calls, CreateTask(ctx, func(ctx context.Context) ([]Result[R], error) {
		return m.run(ctx, chunk), nil
	}, Name(m.f.name)))
	m.changed.Set()
}

// give hands the results to the range loop. ended says that the loop was left, or
// must not be called again.
func (m *mapping[A, R]) give(ctx context.Context, yield func(R, error) bool) (ended bool, err error) {
	for {
		switch {
		case len(m.calls) > 0:
			results, err := m.calls[0].Await(ctx)
			if err != nil {
				return false, err
			}
			m.calls[0] = nil
			m.calls = m.calls[1:]
			m.changed.Set()
			for _, r := range results {
				if err := ctx.Err(); err != nil {
					return false, err
				}
				if !yield(r.Value, r.Err) {
					return true, nil
				}
			}
		case len(m.partial) > 0: // nothing else is under way: do not wait for more
			m.send(ctx)
		case m.over: // perhaps because it watches the same ctx
			return ctx.Err() == nil, ctx.Err()
		default:
			m.changed.Clear()
			if err := m.changed.Wait(ctx); err != nil {
				return false, err
			}
		}
	}
}

// stop cancels what the range loop did not wait for; the group waits for it.
func (m *mapping[A, R]) stop() {
	m.feeder.Cancel(nil)
	for _, call := range m.calls {
		call.Cancel(nil)
	}
}

// run calls the function for the elements of a chunk.
func (m *mapping[A, R]) run(ctx context.Context, chunk []A) []Result[R] {
	results, err := m.f.callChunk(ctx, m.exec, chunk, m.measured)
	if err == nil {
		return results
	}
	results = make([]Result[R], len(chunk))
	for i := range results {
		if len(chunk) > 1 && lost(err) {
			results[i].Value, results[i].Err = m.f.Call(ctx, m.exec, chunk[i])
		} else {
			results[i].Err = err
		}
	}
	return results
}

// measured adapts the size of the next chunks to how long an element took, and how many
// bytes it had.
func (m *mapping[A, R]) measured(elements, bytes int, took time.Duration) {
	if m.opts.chunk > 0 {
		return
	}
	size := mostChunk
	if took > 0 {
		size = int(chunkTime * time.Duration(elements) / took)
	}
	if bytes > 0 {
		size = min(size, mostBytes*elements/bytes)
	}
	m.size = min(max(1, size), mostChunk, 4*m.size) // one measurement may be a lucky one
}

// lost reports whether the executor lost the call through no fault of its own:
// errors that say so have a method Lost.
func lost(err error) bool {
	var remote *RemoteError
	if errors.As(err, &remote) {
		return slices.ContainsFunc(remote.is, lost)
	}
	var e interface{ Lost() bool }
	return errors.As(err, &e) && e.Lost()
}
