// Package executortest tests whether an implementation of asyncio.Executor fulfils its
// contract. A test of the implementation calls Run. Run creates an executor for each
// check, and closes it:
//
//	package mypool_test
//
//	func TestMain(m *testing.M) {
//		mypool.Main() // in a worker process it does not return
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
// This package registers the functions that the checks call, under names that begin with
// "executortest.". Worker processes that run the test binary have them. Other worker
// programs must import this package.
//
// Run selects the checks by exec.Local() and the option InProcess. A local or in-process
// executor cannot end a function that ignores its ctx, and does not survive os.Exit. Other
// executors must pass checks for both. If the executor has a method Workers() int, it must
// return the number of calls that run at once.
//
// Run has these requirements:
//   - The executor transfers messages of 5 MiB in both directions.
//   - The functions can dial the loopback interface of the test's machine. A check uses the
//     connection to detect that a function has begun, and to make it return.
//   - No other test of the same process runs at the same time, because Run checks for
//     leaked goroutines.
//
// Run measures no times. A check that makes no progress fails after 30 seconds, with a dump
// of its tasks. An executor that kills functions after a cancellation should have a short
// grace, because several checks wait for it.
//
// The contract does not require that values of the caller's ctx reach a function in another
// process, that calls begin in order, or that the number of accepted calls is bounded.
package executortest
