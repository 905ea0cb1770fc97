// Package bench measures the asyncio library beside what a Go program would
// use in its place: goroutines and channels, errgroup, and conc.
//
// There is one benchmark for each row of the table, and one sub-benchmark for
// each contender, so that
//
//	go test -bench 'Yield1$'
//
// prints one row and benchstat can compare any two. The contenders are
//
//	asyncio    this library
//	goroutine  goroutines, channels, sync.WaitGroup, the runtime's timers
//	thread     a goroutine locked to an operating system thread of its own
//	errgroup   golang.org/x/sync/errgroup
//	conc       github.com/sourcegraph/conc
//	socket     a process at the other end of a bare pair of sockets
//	python     Python's ProcessPoolExecutor, where that is installed
//	floor      bare iter.Pull coroutines, or bare sockets: a limit and not a
//	           library, for it has no errors, no cancellation and no contexts
//
// All contenders of a row do the same work and check that it was done. The
// command in the folder table runs everything many times over and prints the
// medians side by side; README.md says how to read them.
package bench
