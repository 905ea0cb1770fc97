//go:build race

package semantics_test

// fewer divides the sizes of the large tests: the race detector makes each step some ten times slower, and
// knows at most 8128 goroutines at once.
const fewer = 100
