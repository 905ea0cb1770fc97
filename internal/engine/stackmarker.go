package engine

import (
	"reflect"
	"sync/atomic"
)

// A stackMarker is a pair of functions at the root of every stack of a loop. Only their addresses
// differ from those of other markers. They identify the loop of a stack in a profile of all
// goroutines. Labels of package pprof cost more, and the program may set its own.
type stackMarker struct {
	coroutine func(r *runner) func(yield func(struct{}) bool)
	drive     func(l *Loop)
}

func newStackMarker[N any]() stackMarker {
	return stackMarker{
		coroutine: func(r *runner) func(yield func(struct{}) bool) {
			return func(yield func(struct{}) bool) { r.main(yield) }
		},
		drive: func(l *Loop) { l.drive() },
	}
}

// entries returns the addresses of the marker's functions.
func (n stackMarker) entries() [2]uintptr {
	return [2]uintptr{reflect.ValueOf(n.coroutine(nil)).Pointer(), reflect.ValueOf(n.drive).Pointer()}
}

// stackMarkers has a marker of its own for each of the first loops. Further loops share the last one.
var stackMarkers = [...]stackMarker{
	newStackMarker[[0]byte](), newStackMarker[[1]byte](), newStackMarker[[2]byte](), newStackMarker[[3]byte](),
	newStackMarker[[4]byte](), newStackMarker[[5]byte](), newStackMarker[[6]byte](), newStackMarker[[7]byte](),
	newStackMarker[[8]byte](), newStackMarker[[9]byte](), newStackMarker[[10]byte](), newStackMarker[[11]byte](),
	newStackMarker[[12]byte](), newStackMarker[[13]byte](), newStackMarker[[14]byte](), newStackMarker[[15]byte](),
}

// markersTaken has a bit for each marker that a loop does not share.
var markersTaken atomic.Uint32

// takeStackMarker gives the loop a free marker, or the shared one if none is free.
func (l *Loop) takeStackMarker() {
	for {
		taken := markersTaken.Load()
		i := 0
		for i < len(stackMarkers)-1 && taken&(1<<i) != 0 {
			i++
		}
		l.stackMarker, l.markerNumber = &stackMarkers[i], i
		if i == len(stackMarkers)-1 || markersTaken.CompareAndSwap(taken, taken|1<<i) {
			return
		}
	}
}

func (l *Loop) releaseStackMarker() {
	if l.markerNumber < len(stackMarkers)-1 {
		markersTaken.And(^(uint32(1) << l.markerNumber))
	}
}
