package engine

import (
	"reflect"
	"sync/atomic"
)

// A lane is a pair of functions at the root of every stack of a loop, and of no
// other loop's: they differ from those of other lanes in nothing but their
// address, by which a profile of all goroutines tells whose a stack is. A label of
// package pprof would do, but profiles with labels are dear and users set their own.
type lane struct {
	coroutine func(r *runner) func(yield func(struct{}) bool)
	drive     func(l *Loop)
}

func newLane[N any]() lane {
	return lane{
		coroutine: func(r *runner) func(yield func(struct{}) bool) {
			return func(yield func(struct{}) bool) { r.main(yield) }
		},
		drive: func(l *Loop) { l.drive() },
	}
}

// entries are the addresses of the lane's functions.
func (n lane) entries() [2]uintptr {
	return [2]uintptr{reflect.ValueOf(n.coroutine(nil)).Pointer(), reflect.ValueOf(n.drive).Pointer()}
}

// allLanes are enough for as many loops at once; the rest share the last.
var allLanes = [...]lane{
	newLane[[0]byte](), newLane[[1]byte](), newLane[[2]byte](), newLane[[3]byte](),
	newLane[[4]byte](), newLane[[5]byte](), newLane[[6]byte](), newLane[[7]byte](),
	newLane[[8]byte](), newLane[[9]byte](), newLane[[10]byte](), newLane[[11]byte](),
	newLane[[12]byte](), newLane[[13]byte](), newLane[[14]byte](), newLane[[15]byte](),
}

// lanesTaken has a bit for each lane that a loop has for itself.
var lanesTaken atomic.Uint32

// takeLane gives the loop a lane, if one is free of its own.
func (l *Loop) takeLane() {
	for {
		taken := lanesTaken.Load()
		i := 0
		for i < len(allLanes)-1 && taken&(1<<i) != 0 {
			i++
		}
		l.lane, l.laneNumber = &allLanes[i], i
		if i == len(allLanes)-1 || lanesTaken.CompareAndSwap(taken, taken|1<<i) {
			return
		}
	}
}

func (l *Loop) releaseLane() {
	if l.laneNumber < len(allLanes)-1 {
		lanesTaken.And(^(uint32(1) << l.laneNumber))
	}
}
