package semantics_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/asyncio-go/asyncio"
)

// Computations and collections that the classifier was not written against.

// A mill computes until it is released.
type mill struct{ b *block }

func (m *mill) grind() {
	m.b.below(1)
	for n := 1; n&0xffff != 0 || m.b.holds(); n++ {
	}
}

// String computes where only package fmt calls it.
func (m *mill) String() string { m.grind(); return "" }

// A factory has a mill's methods.
type factory struct{ *mill }

type grinder interface{ grind() }

func grindOf[T any](b *block, _ T) {
	b.below(1)
	for n := 1; n&0xffff != 0 || b.holds(); n++ {
	}
}

func sortOf[T cmp.Ordered](b *block, values []T) {
	slices.SortFunc(values, func(x, y T) int {
		b.below(1)
		for n := 1; n&0xffff != 0 || b.holds(); n++ {
		}
		return cmp.Compare(x, y)
	})
}

// nest is a list in a list in a list.
func nest(depth int) any {
	var v any = 1
	for range depth {
		v = []any{v}
	}
	return v
}

var cpuVariants = []blocker{
	{"computation: a comparison of a generic sort", asyncio.StallCPU, "", "Checkpoint", func(b *block) { sortOf(b, []string{"b", "a"}) }},
	{"computation: a generic function, by reflection", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		reflect.ValueOf(grindOf[int]).Call([]reflect.Value{reflect.ValueOf(b), reflect.ValueOf(1)})
	}},
	{"computation: a promoted method behind an interface, by Once", asyncio.StallCPU, "", "whole call of sync.(*Once).Do", func(b *block) {
		var once sync.Once
		var g grinder = factory{&mill{b}}
		once.Do(g.grind)
	}},
	{"computation: a method that package fmt calls", asyncio.StallCPU, "", "Checkpoint", func(b *block) { fmt.Fprint(io.Discard, &mill{b}) }},
	{"computation: deferred, while it panics", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		defer func() {
			_ = recover()
			b.below(1)
			for n := 1; n&0xffff != 0 || b.holds(); n++ {
			}
		}()
		panic(errBroken)
	}},
	{"computation: in the body of a range over a function", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		for range slices.Values([]int{1}) {
			b.below(1)
			for n := 1; n&0xffff != 0 || b.holds(); n++ {
			}
		}
	}},
	{"computation: of the standard library, deep down", asyncio.StallCPU, "math/big.(*Int).Exp", "ToThread", func(b *block) {
		x := new(big.Int).Lsh(big.NewInt(1), 1<<11)
		deeply(500, func() {
			for b.holds() {
				b.next()
				new(big.Int).Exp(x, x, new(big.Int).Sub(x, big.NewInt(159)))
			}
		})
	}},
	{"computation: of a recursion of the standard library, deeper than 32 frames", asyncio.StallCPU, "encoding/json.Marshal", "ToThread", func(b *block) {
		deep := make([]any, 10_000)
		for i := range deep {
			deep[i] = nest(15)
		}
		for b.holds() {
			b.next()
			json.Marshal(deep)
		}
	}},
	{onlyFew + "computation: of a recursion of the standard library", asyncio.StallCPU, "encoding/json.Marshal", "ToThread", func(b *block) {
		deep := nest(900)
		for b.holds() {
			b.next()
			json.Marshal(deep)
		}
	}},
	{"computation: of a method value of the standard library", asyncio.StallCPU, "encoding/json.(*Encoder).Encode", "ToThread", func(b *block) {
		big := make([]int, 1<<20)
		encode := json.NewEncoder(io.Discard).Encode
		for b.holds() {
			b.next()
			encode(big)
		}
	}},
}

// collectOf collects for a type.
func collectOf[T any](b *block, fn func() T) {
	for b.holds() {
		b.next()
		runtime.GC()
	}
	fn()
}

var gcVariants = []blocker{
	{"collection: in a generic function", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) { collectOf(b, func() int { return 1 }) }},
	{"collection: by a function's value", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) {
		collect := debug.FreeOSMemory
		for b.holds() {
			b.next()
			collect()
		}
	}},
	{"collection: by reflection", asyncio.StallGC, "reflect.Value.Call", "GOMEMLIMIT", func(b *block) {
		collect := reflect.ValueOf(runtime.GC)
		for b.holds() {
			b.next()
			collect.Call(nil)
		}
	}},
	{"collection: deferred, deep down", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) {
		deeply(500, func() {
			defer func() {
				for b.holds() {
					b.next()
					runtime.GC()
				}
			}()
		})
	}},
	{"collection: in the body of a range over a function", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) {
		for range slices.Values([]int{1}) {
			for b.holds() {
				b.next()
				runtime.GC()
			}
		}
	}},
}
