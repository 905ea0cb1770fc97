package procpool

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"unsafe"
)

// function is where another process of the same program finds a function: its
// distance from Main, and its name to make sure.
type function struct {
	Name   string
	Offset int64
}

type initFunc = func(context.Context) error

// mainEntry is the address of Main in this process.
func mainEntry() uintptr { return reflect.ValueOf(Main).Pointer() }

// locate describes fn for a worker. Only code is the same there, so that a function
// which carries values with it (a closure, a method value, an instance of a generic
// function) is refused.
func locate(fn initFunc) (*function, error) {
	pc := reflect.ValueOf(fn).Pointer()
	f := runtime.FuncForPC(pc)
	if f == nil || f.Entry() != pc {
		return nil, fmt.Errorf("procpool: Options.Init is no function of this program")
	}
	name := f.Name()
	if strings.HasSuffix(name, "-fm") || strings.Contains(name, "[") || !isStatic(fn) {
		return nil, fmt.Errorf("procpool: Options.Init is %s, which carries values with it: only a declared function, or a literal that uses no variable of the function around it, can be found in a worker", name)
	}
	return &function{Name: name, Offset: int64(pc) - int64(mainEntry())}, nil
}

// isStatic reports whether the function value lies in the program's own data, which
// is within 2 GiB of another such value, and not in memory made at run time.
func isStatic(fn initFunc) bool {
	main := Main
	at := func(p unsafe.Pointer) int64 { return int64(*(*uintptr)(p)) }
	distance := at(unsafe.Pointer(&fn)) - at(unsafe.Pointer(&main))
	return -1<<31 < distance && distance < 1<<31
}

// find is the inverse of locate.
func (f *function) find() (initFunc, error) {
	pc := uintptr(int64(mainEntry()) + f.Offset)
	found := runtime.FuncForPC(pc)
	if found == nil || found.Entry() != pc || found.Name() != f.Name {
		return nil, fmt.Errorf("procpool: this program has no function %s where the pool's has it: it was replaced", f.Name)
	}
	value := &struct{ pc uintptr }{pc} // what a function value points to
	return *(*initFunc)(unsafe.Pointer(&value)), nil
}
