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

// inits are the functions given to RegisterInit, by name.
var inits struct {
	mu     sync.Mutex
	byName map[string]initFunc
	late   map[string]bool // registered after Main: workers do not have them
}

// RegisterInit gives fn a name, the same in every process of the program, and returns the function
// for Options.Init. A function literal needs it; a declared function does not. Assign the result to a
// variable of the package, so that it is registered before main begins:
//
//	var openModel = procpool.RegisterInit("model.open", func(ctx context.Context) error { ... })
//
// It panics if fn is nil, or if the name is empty, taken, or longer than 4 KiB.
func RegisterInit(name string, fn func(ctx context.Context) error) func(ctx context.Context) error {
	inits.mu.Lock()
	defer inits.mu.Unlock()
	switch {
	case name == "":
		panic(`procpool: RegisterInit(""): the name is empty`)
	case len(name) > longestName:
		panic(fmt.Sprintf("procpool: RegisterInit(%q...): a name must have at most %d bytes", name[:20], longestName))
	case fn == nil:
		panic(fmt.Sprintf("procpool: RegisterInit(%q): nil function", name))
	case inits.byName[name] != nil:
		panic(fmt.Sprintf("procpool: RegisterInit(%q): the name is taken", name))
	}
	if inits.byName == nil {
		inits.byName, inits.late = map[string]initFunc{}, map[string]bool{}
	}
	inits.byName[name], inits.late[name] = fn, mainCalled.Load()
	return withName(name, fn)
}

const longestName = 4 << 10

// nameKey is a key of the ctx by which New asks a function of RegisterInit for its name.
type nameKey struct{}

// withName returns fn with its name. All functions that it returns have the same code, by which
// locateInit knows them.
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

// An initRef is how a worker finds Options.Init.
type initRef struct {
	Name   string
	Offset int64 // of a declared function: its distance from Main; 0: a function of RegisterInit
}

// locateInit describes a function of RegisterInit or a declared function. It returns an error for a
// function that a worker may not have, or that may carry values with it: a literal, a method value, an
// instance of a generic function, and one that was registered too late.
func locateInit(fn initFunc) (*initRef, error) {
	code := reflect.ValueOf(fn).Pointer()
	if code != reflect.ValueOf(withName("", nil)).Pointer() {
		name := runtime.FuncForPC(code).Name()
		if !isDeclared(name) {
			return nil, fmt.Errorf("procpool: Options.Init is %s, which workers do not have: declare a function, or register this one in a package-level variable by procpool.RegisterInit", name)
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
		return nil, fmt.Errorf("procpool: Options.Init %q was registered after procpool.Main, and workers do not have it: register it in a package-level variable, or before procpool.Main", name)
	}
	return &initRef{Name: name}, nil
}

// isDeclared reports whether name is that of a function declared in a package: its path, in which
// the last element has no dot, a dot, and an identifier. Names of literals and methods have more dots.
func isDeclared(name string) bool {
	_, ident, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ".")
	return ident != "" && !strings.ContainsAny(ident, ".[-")
}

// mainEntry is the address of Main in this process.
func mainEntry() uintptr { return reflect.ValueOf(Main).Pointer() }

// find returns the function in a worker, which is a process of the same program.
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
			value := &struct{ code uintptr }{code} // what a function value without variables points to
			return *(*initFunc)(unsafe.Pointer(&value)), nil
		}
	}
	return nil, fmt.Errorf("procpool: the program was replaced: the worker has no function %s for Options.Init", r.Name)
}
