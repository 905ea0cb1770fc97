// Package aionet has the network connections of an event loop. Read and Write suspend the calling
// task and do not block a thread.
//
//	listener, err := aionet.Listen(ctx, "tcp", "localhost:7000")
//	...
//	err = listener.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
//		lines := bufio.NewScanner(conn)
//		for lines.Scan() {
//			fmt.Fprintf(conn, "you said %s\n", lines.Text())
//		}
//		return lines.Err()
//	})
//
// A Conn is a net.Conn, so libraries for net.Conn run on the loop unchanged. Each handler is a task
// of the loop. It shares variables with other tasks without locks, and needs no goroutine except
// that of the task.
//
// A library that holds a sync.Mutex while it reads or writes must be used by one task only: a second
// task that waits for the mutex would block the loop. crypto/tls is such a library. TLSClient and
// TLSServer wrap it, so that one task may read and another may write.
package aionet
