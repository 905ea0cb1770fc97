// Package executortest holds an implementation of asyncio.Executor against its
// contract. A test of the implementation calls Run, which makes an executor for
// each of its checks and closes it:
//
//	package mypool_test
//
//	func TestMain(m *testing.M) {
//		mypool.Main() // in a worker process it serves and does not return
//		os.Exit(m.Run())
//	}
//
//	func TestExecutor(t *testing.T) {
//		executortest.Run(t, func(t *testing.T) asyncio.Executor {
//			pool, err := mypool.New(mypool.Options{Workers: 2})
//			if err != nil {
//				t.Fatal(err)
//			}
//			return pool
//		})
//	}
//
// The functions that the checks call are registered by this package, under names
// that begin with "executortest.". Worker processes that are the test binary
// itself know them; other workers have to import this package.
//
// What is checked follows from exec.Local(). An executor that is local, or that
// says InProcess, cannot end a function that does not watch its ctx, and dies with
// one that exits; of others Run demands that they survive both. If the executor
// has a method Workers() int, Run believes it: so many calls run at once.
//
// What an executor needs to be held against the contract:
//   - messages of 5 MiB in both directions;
//   - functions that may dial the loopback interface of the test's machine: by
//     that a function tells that it has begun, and is told to return;
//   - no test of the same process that runs at the same time, because Run looks
//     for goroutines that are left.
//
// Nothing is measured. A check that hangs fails after half a minute, with a dump of
// its tasks. An executor that kills what ignores its cancellation should be
// given a short grace, or the checks take as long as several of them.
//
// Not demanded: that values of the caller's ctx reach the function in another
// process, that calls begin in order, and a bound on how many are accepted.
package executortest
