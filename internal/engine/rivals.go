package engine

import (
	"cmp"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/stall"
)

// rivals returns the line of the program that most of its other goroutines run, or would run if
// they had a processor. It is the most frequent line of the most frequent function. rivals takes a
// profile of the goroutines, as capture does. A goroutine that was woken and has not run yet looks
// like one that waits, and is not counted.
func (l *Loop) rivals() (most stall.Frame, ok bool) {
	example, stop := coro.Suspended()
	defer stop()
	all, _, _ := shortStacks()
	p := l.profile(leafAbove(example, all))
	parked := map[uintptr]bool{}
	alike := map[[shortest]uintptr]int{}
	for _, pcs := range all {
		if len(pcs) == 0 || p.switched(pcs[0]) {
			continue
		}
		waits, known := parked[pcs[0]]
		if !known {
			f := runtime.FuncForPC(pcs[0] - 1)
			waits = f != nil && f.Name() == "runtime.gopark"
			parked[pcs[0]] = waits
		}
		if waits || p.inLane(pcs) || ofEngine(pcs) {
			continue
		}
		var key [shortest]uintptr
		copy(key[:], pcs)
		alike[key]++
	}
	funcs, lines := map[string]int{}, map[stall.Frame]int{}
	for key, n := range alike {
		f := stall.TraceOf(slices.DeleteFunc(key[:], func(pc uintptr) bool { return pc == 0 })).Classify()
		if !f.User() || f.Class != stall.CPU && f.Class != stall.GC {
			continue
		}
		funcs[f.Func] += n
		lines[f.Frame] += n
	}
	if len(lines) == 0 {
		return most, false
	}
	return slices.MaxFunc(slices.Collect(maps.Keys(lines)), func(a, b stall.Frame) int {
		return cmp.Or(cmp.Compare(funcs[a.Func], funcs[b.Func]), cmp.Compare(lines[a], lines[b]), cmp.Compare(b.Func, a.Func), cmp.Compare(b.Line, a.Line))
	}), true
}

// placeOf formats a frame for a blame: main.resize, pool.go:19.
func placeOf(f stall.Frame) string {
	return f.Func + ", " + filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
}
