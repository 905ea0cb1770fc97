//go:build !unix || aix

package portable

// pollOnce returns a function for RawConn.Read or Write. It returns true at the second call, after
// package net has waited once.
func pollOnce(bool) func(fd uintptr) (ready bool) {
	looked := false
	return func(uintptr) bool {
		defer func() { looked = true }()
		return looked
	}
}
