//go:build amd64 || arm64

package coro

import "runtime/debug"

// G identifies the calling goroutine among all live ones.
func G() uintptr

// returnPC follows the chain of frame pointers from its own frame for the given
// number of hops and returns the return address of the function it arrives at.
func returnPC(hops uintptr) uintptr

// findHops finds out how many hops lead from returnPC past its Go caller to that one's
// caller, by comparison with the portable walk. Whether Go's wrapper round assembly keeps
// a frame of its own differs by machine and toolchain.
func findHops() (hops uintptr, ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // what is no frame pointer leads anywhere
	defer func() {
		if recover() != nil {
			hops, ok = 0, false
		}
	}()
	for h := uintptr(1); h <= mostHops; h++ {
		if fast, slow := probeCaller(h); fast == slow {
			return h, true
		}
	}
	return 0, false
}

const mostHops = 2

//go:noinline
func probeCaller(h uintptr) (fast, slow uintptr) { return probe(h) }

//go:noinline
func probe(h uintptr) (fast, slow uintptr) { return returnPC(h), slowCallSite() }

// peek reads a word of memory.
func peek(at uintptr) uint64

// words returns the first words of a goroutine's g, which has more than 400 bytes.
func words(g uintptr) []uint64 {
	w := make([]uint64, 32)
	for i := range w {
		w[i] = peek(g + 8*uintptr(i))
	}
	return w
}

// idOf returns the number of a live goroutine, 0 for none and before Check.
func idOf(g uintptr) uint64 {
	if g == 0 || found.offset == 0 {
		return 0
	}
	return peek(g + found.offset)
}
