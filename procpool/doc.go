// Package procpool runs registered functions in worker processes. A worker is the same
// program, started again. A Pool is an asyncio.Executor with properties that goroutines
// do not have: a worker can be killed during a computation, its memory can be limited,
// its niceness can be raised, and its crash is the error of one call.
//
//	var Resize = asyncio.Register("image.resize", resize)
//
//	func main() {
//		procpool.Main() // in a worker process it does not return
//		pool, err := procpool.New(procpool.Options{})
//		...
//		err = asyncio.Run(context.Background(), func(ctx context.Context) error {
//			small, err := Resize.Call(ctx, pool, big)
//			...
//
// The pool starts a worker when a call needs one, in about two milliseconds, and ends it
// after Options.IdleTimeout. A worker runs one function at a time. No worker outlives
// the program, even if the program is killed: the end of the program closes the channel
// to the worker.
//
// A worker initializes package variables and runs init functions, as every process of
// the program does. Do not open listeners or run migrations there. A function must not
// keep a []byte argument after it has returned.
package procpool
