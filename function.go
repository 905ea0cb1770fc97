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

// A Func is a function that was registered under a name. The name identifies it in other
// processes. The Executor passed to Call, Submit or Map runs it in another goroutine, in a
// worker process, or on another machine.
type Func[A, R any] struct {
	name string
	fn   func(ctx context.Context, arg A) (R, error)
}

// Register registers fn under a name, which is the same in every process of the program. Assign
// the result to a package-level variable, so that fn is registered before main begins:
//
//	var Resize = asyncio.Register("image.resize", resize)
//
// An executor with other processes sends the argument and the result with encoding/gob, and
// []byte, string, numbers and bool without it. This has these effects:
//   - A nil slice or map and an empty one arrive as the same value.
//   - A pointer to a zero number, string or bool arrives as nil.
//   - Types of values in interface fields must be registered with gob.Register.
//   - A value must not contain itself.
//   - fn must not keep a []byte argument after it has returned, because its memory is reused.
//
// Register panics if fn is nil, or if the name is empty, already registered, longer than 4 KiB,
// or ends in "[]". It also panics if a part of A or R would be lost: an unexported field, a
// function, a channel, or a type with only one method of a pair. The pairs are GobEncode and
// GobDecode, and MarshalBinary and UnmarshalBinary. A type with a pair is sent with these
// methods. If a struct has a pair only from an embedded field, such as time.Time, it must not
// have other fields.
//
//go:noinline
func Register[A, R any](name string, fn func(ctx context.Context, arg A) (R, error)) *Func[A, R] {
	where := fmt.Sprintf("asyncio: Register(%q)", name)
	switch {
	case name == "":
		panic(where + ": name must not be empty")
	case len(name) > maxName:
		panic(fmt.Sprintf("asyncio: Register(%q...): name must have at most %d bytes", name[:20], maxName))
	case strings.HasSuffix(name, chunkSuffix):
		panic(where + ": name must not end in " + chunkSuffix)
	case fn == nil:
		panic(where + ": nil function")
	}
	if err := checkSendable[A](); err != nil {
		panic(fmt.Sprintf("%s: the argument: %v", where, err))
	}
	if err := checkSendable[R](); err != nil {
		panic(fmt.Sprintf("%s: the result: %v", where, err))
	}
	f := &Func[A, R]{name, fn}
	if !functions.add(name, f.execute) {
		panic(where + ": the name is already registered at " + engine.RegisteredAt(name))
	}
	engine.NoteRegistration(name, coro.CallSite())
	return f
}

// Name returns the name that the function was registered under.
func (f *Func[A, R]) Name() string { return f.name }

// execute calls the function with an encoded argument.
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

// functions are the registered functions of this process.
var functions registry

type registry struct {
	mu     sync.RWMutex
	byName map[string]execution
}

// An execution calls a function with an encoded argument and returns the encoded result.
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

// Registered returns the sorted names of the registered functions. An executor may compare them
// between processes.
func Registered() []string {
	functions.mu.RLock()
	defer functions.mu.RUnlock()
	return slices.Sorted(maps.Keys(functions.byName))
}

// Execute calls the registered function with an encoded argument and returns the encoded result.
// The worker of an Executor calls it. Execute runs the function in a new goroutine and blocks
// until it has returned. A panic is returned as a *PanicError, a runtime.Goexit as an error. For
// an unknown name Execute returns ErrNotRegistered. If the argument cannot be decoded or the
// result cannot be encoded, it returns ErrEncoding.
//
// Progress in the function calls the function that was passed to WithProgress.
func Execute(ctx context.Context, name string, arg []byte) (result []byte, err error) {
	inGoroutine(func() { // the function may call runtime.Goexit
		ExecuteThen(ctx, name, arg, func(r []byte, e error) { result, err = r, e })
	})
	return result, err
}

func notRegistered(name string) error {
	return engine.Misuse(ErrNotRegistered, fmt.Sprintf("Execute(%q)", name), fmt.Sprintf(
		"no such function is registered in process %d (%s), which has %s; call Register in a package-level variable, so that every process of the program has it before main begins",
		os.Getpid(), os.Args[0], strings.Join(Registered(), ", ")))
}

// ExecuteThen is like Execute, but runs the function in the calling goroutine, which avoids the
// cost of another one. It passes the result and the error to finish. If the function calls
// runtime.Goexit, the calling goroutine ends after finish has returned.
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
