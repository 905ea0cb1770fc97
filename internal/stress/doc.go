// Package stress runs random programs against package asyncio and checks that nothing is lost.
//
// A seed stands for one program: a tree of statements (program_test.go, made by generate_test.go). A machine (machine_test.go)
// runs it through the public API: task groups, Gather, Wait, AsCompleted, queues, locks, channels, threads, a thread pool, a
// second loop, foreign contexts, panics, Goexit, and a Run that ends at a random instant. Four things are recorded and checked:
//
//   - Errors. Each error has a number. A ledger (ledger_test.go) records who received it and who reported it. No error
//     is lost, and none is both received and reported.
//   - Items. Each item of a queue or channel has a number. An item that was put is received once or is still there at the
//     end. An item whose Put or Send failed is never received.
//   - Exclusion. A lock has one holder, a semaphore no more holders than permits.
//   - The end. Run returns, no task, goroutine or timer is left, locks are free, and metrics add up.
//
// Each await is checked as well: with a cancelled ctx it fails, and its error is that of the ctx.
//
//	go test ./internal/stress                              a few hundred programs, the same each time
//	go test -race ./internal/stress -stress.for=1m         new programs for a minute, in virtual time
//	go test -race ./internal/stress -stress.for=1m -stress.real   the same in real time
//	go test ./internal/stress -stress.seed=17 [-stress.real] [-stress.count=100]   one program again, and its statements
//
// A program that fails is made smaller, where it still fails, and printed with its seed. In virtual time some programs
// are exact: the same seed gives the same trace, which is checked.
package stress
