//go:build !unix || aix

package portable

// lookOut has package net wait once: on Windows it asks the system between two calls.
func lookOut(bool) func(fd uintptr) (ready bool) {
	looked := false
	return func(uintptr) bool {
		defer func() { looked = true }()
		return looked
	}
}
