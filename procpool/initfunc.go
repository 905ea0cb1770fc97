package procpool

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"sync"
)

type initFunc = func(ctx context.Context) error

// inits are the functions given to RegisterInit, by name.
var inits struct {
	mu     sync.Mutex
	byName map[string]initFunc
	late   map[string]bool // registered after Main: workers do not have them
}

// RegisterInit gives fn a name, the same in every process of the program, and returns the function
// for Options.Init. Assign it to a variable of the package, so that it is registered before main
// begins:
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
// initName knows them.
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

// initName returns the name of a function of RegisterInit, or an error for any other function and for
// one that was registered too late.
func initName(fn initFunc) (name string, err error) {
	code := reflect.ValueOf(fn).Pointer()
	if code != reflect.ValueOf(withName("", nil)).Pointer() {
		return "", fmt.Errorf("procpool: Options.Init is %s, which workers do not have: register it in a package-level variable by procpool.RegisterInit", runtime.FuncForPC(code).Name())
	}
	if err := fn(context.WithValue(context.Background(), nameKey{}, &name)); err != nil {
		return "", err
	}
	inits.mu.Lock()
	defer inits.mu.Unlock()
	if inits.late[name] {
		return "", fmt.Errorf("procpool: Options.Init %q was registered after procpool.Main, and workers do not have it: register it in a package-level variable, or before procpool.Main", name)
	}
	return name, nil
}

// findInit returns the function in a worker.
func findInit(name string) (initFunc, error) {
	inits.mu.Lock()
	defer inits.mu.Unlock()
	if fn := inits.byName[name]; fn != nil {
		return fn, nil
	}
	return nil, fmt.Errorf("procpool: this program has no function %q of RegisterInit: it was replaced", name)
}
