//go:build amd64 || arm64

package coro

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
