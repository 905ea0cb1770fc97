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

// ChunkSize makes Map send n elements in one call. By default Map sends one element first, and
// then measures how many elements take 20 ms. It sends at most 1024 elements, or about 1 MiB of
// encoded data. ChunkSize panics if n is less than 1.
func ChunkSize(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: ChunkSize(%d): n must be at least 1", n))
	}
	return chunkOption(n)
}

type windowOption int

func (n windowOption) applyMap(o *mapOptions) { o.window = int(n) }

// Window limits the number of calls that Map has started and whose results the range loop has not
// received. The default is twice the number of workers of the executor. Window panics if n is less
// than 1.
func Window(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("asyncio: Window(%d): n must be at least 1", n))
	}
	return windowOption(n)
}

const (
	chunkTime = 20 * time.Millisecond
	maxChunk  = 1024
	maxBytes  = 1 << 20 // above this size the transfer costs more than the call
)

// Map calls the function on exec for each element of args, several at once. It yields the results
// to a range loop in the order of args:
//
//	for thumb, err := range Thumbnail.Map(ctx, pool, slices.Values(images)) {
//
// Another task reads args, and stays within Window. So a slow range loop slows the reading, and a
// slow args does not delay finished results. Map sends several elements in one call: see
// ChunkSize. An error of the function is the error of its element only. If a worker dies with a
// chunk, or a chunk is larger than the executor allows, Map repeats each element in a separate
// call. So only the faulty element fails, but other elements may run twice. ChunkSize(1) prevents
// that.
//
// If the range loop ends early, Map cancels the running calls and an await in args, and waits for
// them. The caller must not change an element until its result is received. If ctx is cancelled,
// also by the end of Run, Map cancels the running calls, waits for them, and yields ctx.Err() as
// the last element. Map must be used in a task. Without a loop in ctx the only element is
// ErrNoLoop. The sequence may be ranged over again if args may.
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
			ended, err = m.yieldAll(ctx, yield)
			return err
		})
		if err != nil && !ended {
			yield(zero, err)
		}
	}
}

// workersOf returns the number of calls that the executor runs at once. The default for an
// executor without a method Workers is GOMAXPROCS.
func workersOf(exec Executor) int {
	if e, ok := exec.(interface{ Workers() int }); ok {
		return max(1, e.Workers())
	}
	return runtime.GOMAXPROCS(0)
}

// A mapping is one range over a Map. A task runs feed, and the caller runs yieldAll.
type mapping[A, R any] struct {
	f    *Func[A, R]
	exec Executor
	opts mapOptions

	feeder  *Task[struct{}]
	partial []A // elements that were read and not sent
	size    int // of the next chunk
	calls   []*Task[[]Result[R]]
	changed Event // set when a field has changed
	over    bool  // args has ended
}

// feed reads args and sends chunks, while fewer than window calls are started.
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

// yieldAll yields the results to the range loop. If ended is true, yield must not be called again.
func (m *mapping[A, R]) yieldAll(ctx context.Context, yield func(R, error) bool) (ended bool, err error) {
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
		case len(m.partial) > 0: // no call is running: send an incomplete chunk
			m.send(ctx)
		case m.over: // args may have ended because ctx was cancelled
			return ctx.Err() == nil, ctx.Err()
		default:
			m.changed.Clear()
			if err := m.changed.Wait(ctx); err != nil {
				return false, err
			}
		}
	}
}

// stop cancels the feeder and the remaining calls. The task group waits for them.
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

// measured adapts the size of the next chunks to the duration and the encoded size of an element.
func (m *mapping[A, R]) measured(elements, bytes int, took time.Duration) {
	if m.opts.chunk > 0 {
		return
	}
	size := maxChunk
	if took > 0 {
		size = int(chunkTime * time.Duration(elements) / took)
	}
	if bytes > 0 {
		size = min(size, maxBytes*elements/bytes)
	}
	m.size = min(max(1, size), maxChunk, 4*m.size) // a single measurement may be too short
}

// lost reports whether the error has a method Lost that returns true: the executor lost the whole
// chunk, possibly because of one element.
func lost(err error) bool {
	var remote *RemoteError
	if errors.As(err, &remote) {
		return slices.ContainsFunc(remote.is, lost)
	}
	var e interface{ Lost() bool }
	return errors.As(err, &e) && e.Lost()
}
