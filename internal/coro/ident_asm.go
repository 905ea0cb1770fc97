//go:build amd64 || arm64

package coro

import (
	"iter"
	"sync"
)

// G identifies the calling goroutine among all live ones.
func G() uintptr

// returnPC follows the chain of frame pointers from its own frame for the given
// number of hops and returns the return address of the function it arrives at.
func returnPC(hops uintptr) uintptr

// hops leads from returnPC past its Go caller to that one's caller. Whether
// Go's wrapper round assembly keeps a frame of its own differs by machine and
// toolchain, so it is found out once, against the portable walk. Zero: neither
// number works, and the portable walk is used.
var hops = probeHops()

const mostHops = 2

//go:noinline
func probeHops() uintptr {
	for h := uintptr(1); h <= mostHops; h++ {
		if fast, slow := probeCaller(h); fast == slow {
			return h
		}
	}
	return 0
}

//go:noinline
func probeCaller(h uintptr) (fast, slow uintptr) { return probe(h) }

//go:noinline
func probe(h uintptr) (fast, slow uintptr) { return returnPC(h), slowCallSite() }

// peek reads a word of memory.
func peek(at uintptr) uint64

// idOffset is where the runtime keeps a goroutine's number in its g, found out
// once by looking for it in two of them. Zero: not found.
var idOffset = probeIDOffset()

func probeIDOffset() uintptr {
	const searched = 512 // bytes of a g, which has some 400
	candidates := matchID(searched, nil)
	other := make(chan []uintptr)
	go func() { other <- matchID(searched, candidates) }()
	if candidates = <-other; len(candidates) == 0 {
		return 0
	}
	return candidates[0]
}

// matchID returns the offsets, among the candidates if there are any, at which
// the calling goroutine's g holds its number.
func matchID(searched uintptr, candidates []uintptr) (found []uintptr) {
	g, id := G(), ID()
	if candidates == nil {
		for at := uintptr(8); at < searched; at += 8 {
			candidates = append(candidates, at)
		}
	}
	for _, at := range candidates {
		if peek(g+at) == id {
			found = append(found, at)
		}
	}
	return found
}

// idOf returns the number of a live goroutine, 0 if it cannot be told.
func idOf(g uintptr) uint64 {
	if idOffset == 0 {
		return 0
	}
	return peek(g + idOffset)
}

// stateOf is what the runtime notes of a goroutine's state: its status, and why it
// waits. Zero: it cannot be told.
func stateOf(g uintptr) uint64 {
	if switchedState() == 0 {
		return 0
	}
	return peekState(g)
}

// The runtime keeps the status before the goroutine's number, and the reason behind it.
const (
	running, waiting = 2, 4
	scanned          = 0x1000 // a bit of the status while the collector reads the stack
)

func peekState(g uintptr) uint64 {
	status, reason := peek(g+idOffset-8)&0xffffffff, peek(g+idOffset+24)&0xff
	return (status&^scanned)<<8 | reason
}

// switchedState is the state of a goroutine in a coroutine switch, found out once from
// one that has resumed a coroutine and held against one that was suspended. Zero: the
// runtime keeps its notes elsewhere.
var switchedState = sync.OnceValue(func() uint64 {
	if idOffset == 0 {
		return 0
	}
	me, inner := G(), uintptr(0)
	var state uint64
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		inner, state = G(), peekState(me)
		yield(struct{}{})
	})
	defer stop()
	next()
	if state>>8 != waiting || peekState(inner) != state || peekState(me)>>8 != running {
		return 0
	}
	return state
})
