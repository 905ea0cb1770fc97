// Package aionet is the network of an event loop: connections whose Read and Write
// suspend the task that calls them, not a thread.
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
// A Conn is a net.Conn, so that libraries which take one run on the loop unchanged:
// each handler is a task of the loop, shares variables with the others without
// locks, and costs no goroutine beyond the task's own.
//
// A library that holds a sync.Mutex while it reads or writes must be used by one task
// alone: a second one that waits for the mutex would stop the loop. crypto/tls is such
// a library; TLSClient and TLSServer wrap it so that one task may read and another write.
package aionet
