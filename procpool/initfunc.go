package procpool

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"unsafe"
)

type initFunc = func(ctx context.Context) error

// inits are the functions passed to RegisterInit, by name.
var inits struct {
	mu     sync.Mutex
	byName map[string]initFunc
	late   map[string]bool // registered after Main: workers do not have them
}

// RegisterInit registers fn under a name and returns a function for Options.Init. The name is the same
// in every process of the program. A function literal must be registered; a declared function need
// not. Assign the result to a package-level variable, so that fn is registered before main begins:
//
//	var openModel = procpool.RegisterInit("model.open", func(ctx context.Context) error { ... })
//
// It panics if fn is nil, or if the name is empty, taken, or longer than 4 KiB.
func RegisterInit(name string, fn func(ctx context.Context) error) func(ctx context.Context) error {
	inits.mu.Lock()
	defer inits.mu.Unlock()
	switch {
	case name == "":
		panic(`procpool: RegisterInit(""): name must not be empty`)
	case len(name) > maxName:
		panic(fmt.Sprintf("procpool: RegisterInit(%q...): name must have at most %d bytes", name[:20], maxName))
	case fn == nil:
		panic(fmt.Sprintf("procpool: RegisterInit(%q): fn must not be nil", name))
	case inits.byName[name] != nil:
		panic(fmt.Sprintf("procpool: RegisterInit(%q): the name is already registered", name))
	}
	if inits.byName == nil {
		inits.byName, inits.late = map[string]initFunc{}, map[string]bool{}
	}
	inits.byName[name], inits.late[name] = fn, mainCalled.Load()
	return withName(name, fn)
}

const maxName = 4 << 10

// nameKey is a key for a value of ctx. With it, New gets the name of a function that RegisterInit has
// returned.
type nameKey struct{}

// withName returns a function that calls fn. If ctx has nameKey, the function stores its name there
// instead. All functions that withName returns have the same code address, by which locateInit
// recognizes them.
//
//go:noinline
func withName(name string, fn initFunc) initFunc {
	return func(ctx context.Context) error {
		if to, asked := ctx.Value(nameKey{}).(*string); asked {
			*to = name
			return nil
		}
		return fn(ctx)
	}
}

// An initRef identifies Options.Init in every process of the program.
type initRef struct {
	Name   string
	Offset int64 // of the code of a declared function from Main; 0: the function has the Name in inits
}

// locateInit returns the initRef of a declared function, or of a result of RegisterInit. It
// returns an error for literals, method values, instances of generic functions, and functions that
// were registered after Main. A worker may not have such a function, or not its variables.
func locateInit(fn initFunc) (*initRef, error) {
	code := reflect.ValueOf(fn).Pointer()
	if code != reflect.ValueOf(withName("", nil)).Pointer() {
		name := runtime.FuncForPC(code).Name()
		if !isDeclared(name) {
			return nil, fmt.Errorf("procpool: Options.Init is %s: must be a declared function or a result of RegisterInit; call procpool.RegisterInit in a package-level variable", name)
		}
		return &initRef{Name: name, Offset: int64(code) - int64(mainEntry())}, nil
	}
	var name string
	if err := fn(context.WithValue(context.Background(), nameKey{}, &name)); err != nil {
		return nil, err
	}
	inits.mu.Lock()
	defer inits.mu.Unlock()
	if inits.late[name] {
		return nil, fmt.Errorf("procpool: Options.Init is %q: it was registered after procpool.Main, so workers do not have it; call RegisterInit in a package-level variable, or before procpool.Main", name)
	}
	return &initRef{Name: name}, nil
}

// isDeclared reports whether name is that of a function declared in a package. Such a name is the
// package's path, a dot, and an identifier. Names of literals and methods have more dots.
func isDeclared(name string) bool {
	_, ident, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ".")
	return ident != "" && !strings.ContainsAny(ident, ".[-")
}

// mainEntry returns the address of the code of Main in this process.
func mainEntry() uintptr { return reflect.ValueOf(Main).Pointer() }

// find returns the function. A worker calls it.
func (r *initRef) find() (initFunc, error) {
	if r.Offset == 0 {
		inits.mu.Lock()
		defer inits.mu.Unlock()
		if fn := inits.byName[r.Name]; fn != nil {
			return fn, nil
		}
	} else {
		code := uintptr(int64(mainEntry()) + r.Offset)
		if f := runtime.FuncForPC(code); f != nil && f.Entry() == code && f.Name() == r.Name {
			value := &struct{ code uintptr }{code} // the representation of a function value without variables
			return *(*initFunc)(unsafe.Pointer(&value)), nil
		}
	}
	return nil, fmt.Errorf("procpool: Options.Init: the worker does not have %s; the program file was replaced", r.Name)
}
