//go:build !amd64 && !arm64

package coro

func returnPC(uintptr) uintptr { return 0 }

// findHops returns zero, so that the portable walk is used.
func findHops() (hops uintptr, ok bool) { return 0, true }

func words(uintptr) []uint64 { return nil }

// G returns a number that no other live goroutine has: the number in stack traces.
func G() uintptr { return uintptr(ID()) }

// idOf returns the number of a live goroutine.
func idOf(g uintptr) uint64 { return uint64(g) }
