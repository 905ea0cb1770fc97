package asyncio

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// A Func is a function that was registered under a name, so that it can be
// called where the caller's memory is not: in another goroutine, in a worker
// process, on another machine. The Executor given to Call, Submit or Map says where.
type Func[A, R any] struct {
	name string
	fn   func(ctx context.Context, arg A) (R, error)
}

// Register gives fn a name, the same in every process of the program. Assign it
// to a variable of the package, so that it is registered before main begins:
//
//	var Resize = asyncio.Register("image.resize", resize)
//
// The argument and the result travel as encoding/gob does it; []byte and string
// travel as they are. Nil and empty slices and maps become the same, and a pointer
// to a zero number, string or bool becomes nil. Values in fields of interface type
// must be known to gob.Register. Values must not contain themselves. fn must not keep
// a []byte argument after it has returned: its memory may be used again.
//
// It panics if fn is nil, and if the name is empty, already registered, longer than
// 4 KiB, or ends in "[]". It also panics if A or R could not travel whole: with fields
// that are not exported, functions,
// channels, or only one half of an encoding of its own. What brings its own
// GobEncode and GobDecode, or MarshalBinary and UnmarshalBinary, travels as they say;
// a struct that has these only from an embedded field, such as time.Time, is refused
// if it has other fields, which they leave out.
//
//go:noinline
func Register[A, R any](name string, fn func(ctx context.Context, arg A) (R, error)) *Func[A, R] {
	where := fmt.Sprintf("asyncio: Register(%q)", name)
	switch {
	case name == "":
		panic(where + ": the name is empty")
	case len(name) > maxName:
		panic(fmt.Sprintf("asyncio: Register(%q...): name must have at most %d bytes", name[:20], maxName))
	case strings.HasSuffix(name, chunkSuffix):
		panic(where + ": a name must not end in " + chunkSuffix)
	case fn == nil:
		panic(where + ": nil function")
	}
	if err := travels[A](); err != nil {
		panic(fmt.Sprintf("%s: the argument: %v", where, err))
	}
	if err := travels[R](); err != nil {
		panic(fmt.Sprintf("%s: the result: %v", where, err))
	}
	f := &Func[A, R]{name, fn}
	if !functions.add(name, f.execute) {
		panic(where + ": the name is taken by the call of Register at " + engine.RegisteredAt(name))
	}
	engine.NoteRegistration(name, coro.CallSite())
	return f
}

// Name returns the name that the function was registered under.
func (f *Func[A, R]) Name() string { return f.name }

// execute runs the function on an encoded argument.
func (f *Func[A, R]) execute(ctx context.Context, arg []byte) ([]byte, error) {
	a, err := decode[A](arg)
	if err != nil {
		return nil, fmt.Errorf("%w: the argument of %q: %w", ErrEncoding, f.name, err)
	}
	r, err := f.fn(ctx, a)
	if err != nil {
		return nil, err
	}
	b, err := encode(r, false)
	if err != nil {
		return nil, fmt.Errorf("%w: the result of %q: %w", ErrEncoding, f.name, err)
	}
	return b, nil
}

// functions is what this process can execute.
var functions registry

type registry struct {
	mu     sync.RWMutex
	byName map[string]execution
}

// execution is a function from bytes to bytes.
type execution func(ctx context.Context, arg []byte) ([]byte, error)

func (r *registry) add(name string, execute execution) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName[name] != nil {
		return false
	}
	if r.byName == nil {
		r.byName = map[string]execution{}
	}
	r.byName[name] = execute
	return true
}

func (r *registry) find(name string) execution {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

// Registered returns the names of the registered functions, sorted. Executors
// compare it between processes.
func Registered() []string {
	functions.mu.RLock()
	defer functions.mu.RUnlock()
	return slices.Sorted(maps.Keys(functions.byName))
}

// Execute runs the registered function on an encoded argument and returns its
// encoded result: the worker's side of an Executor. It blocks until the function
// returns, which runs in a goroutine of its own. A panic comes back as a
// *PanicError, a runtime.Goexit as an error. An unknown name gives ErrNotRegistered;
// what does not decode or encode gives ErrEncoding.
//
// The function's calls of Progress go to what WithProgress put into ctx.
func Execute(ctx context.Context, name string, arg []byte) (result []byte, err error) {
	apart(func() { // the function may end its goroutine
		ExecuteThen(ctx, name, arg, func(r []byte, e error) { result, err = r, e })
	})
	return result, err
}

func notRegistered(name string) error {
	return engine.Misuse(ErrNotRegistered, fmt.Sprintf("Execute(%q)", name), fmt.Sprintf(
		"no such function is registered in process %d (%s), which has %s; call Register in a package-level variable, so that every process of the program has it before main begins",
		os.Getpid(), os.Args[0], strings.Join(Registered(), ", ")))
}

// ExecuteThen is Execute in the calling goroutine, for workers to whom another
// goroutine is too dear: what Execute returns goes to finish. If the function calls
// runtime.Goexit, finish is called and then the calling goroutine ends.
func ExecuteThen(ctx context.Context, name string, arg []byte, finish func(result []byte, err error)) {
	single, isChunk := strings.CutSuffix(name, chunkSuffix)
	execute := functions.find(single)
	if execute == nil {
		finish(nil, notRegistered(single))
		return
	}
	if isChunk {
		execute = chunkOf(execute)
	}
	var result []byte
	guarded(func() (err error) {
		result, err = execute(ctx, arg)
		return err
	}, func(err error) {
		flushProgress(ctx)
		if err != nil {
			result = nil
		}
		finish(result, err)
	})
}
