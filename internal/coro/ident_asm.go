//go:build amd64 || arm64

package coro

import "runtime/debug"

// G returns a number that no other live goroutine has: the address of the runtime's g.
func G() uintptr

// returnPC follows the chain of frame pointers from its own frame for the given number of hops. It
// returns the return address of that function.
func returnPC(hops uintptr) uintptr

// findHops returns the number of hops from returnPC to the caller of its Go caller. It compares
// with the portable walk. The number depends on whether Go's wrapper of assembly has a frame, which
// differs by machine and toolchain.
func findHops() (hops uintptr, ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // a value that is not a frame pointer may be any address
	defer func() {
		if recover() != nil {
			hops, ok = 0, false
		}
	}()
	for h := uintptr(1); h <= maxHops; h++ {
		if fast, slow := probeCaller(h); fast == slow {
			return h, true
		}
	}
	return 0, false
}

const maxHops = 2

//go:noinline
func probeCaller(h uintptr) (fast, slow uintptr) { return probe(h) }

//go:noinline
func probe(h uintptr) (fast, slow uintptr) { return returnPC(h), slowCallSite() }

// peek reads a word of memory.
func peek(at uintptr) uint64

// words returns the first 32 words of a goroutine's g, which has more than 400 bytes.
func words(g uintptr) []uint64 {
	w := make([]uint64, 32)
	for i := range w {
		w[i] = peek(g + 8*uintptr(i))
	}
	return w
}

// idOf returns the number of a live goroutine. It returns 0 for no goroutine, and before Check.
func idOf(g uintptr) uint64 {
	if g == 0 || found.offset == 0 {
		return 0
	}
	return peek(g + found.offset)
}
