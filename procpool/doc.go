// Package procpool runs registered functions in worker processes: this same
// program, started again. It is an asyncio.Executor for what goroutines cannot
// give: a worker can be killed in the middle of a computation, limited in memory,
// made nice, and its crash is one call's error.
//
//	var Resize = asyncio.Register("image.resize", resize)
//
//	func main() {
//		procpool.Main() // a worker process never gets past this line
//		pool, err := procpool.New(procpool.Options{})
//		...
//		err = asyncio.Run(context.Background(), func(ctx context.Context) error {
//			small, err := Resize.Call(ctx, pool, big)
//			...
//
// Workers start when they are first needed, in about two milliseconds, and end when
// they were idle for a while. Each runs one function at a time. No worker outlives
// the program, even if that is killed: its end closes the channel between them.
//
// In a worker everything runs that is initialised before main: variables of
// packages and init functions. Keep listeners, migrations and the like out of them.
// A function must not keep a []byte argument after it has returned.
package procpool
