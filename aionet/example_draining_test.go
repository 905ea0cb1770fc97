package aionet_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// When Shutdown begins, an idle connection is closed after 100 ms, so that a request on its
// way is still answered. A connection with a request is closed after the answer.
func ExampleDraining() {
	serveLines := func(ctx context.Context, conn *aionet.Conn) error {
		idle := true
		asyncio.Go(ctx, func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, aionet.Draining(ctx))
			if err == nil && idle {
				conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			}
			return err
		})
		in := bufio.NewReader(conn)
		for {
			idle = true
			line, err := in.ReadString('\n')
			if err != nil {
				return io.EOF // no request was read
			}
			idle = false
			fmt.Fprintf(conn, "you said %s", line)
			select {
			case <-aionet.Draining(ctx):
				return nil
			default:
			}
		}
	}
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		serving := asyncio.Go(ctx, func(ctx context.Context) error { return listener.Serve(ctx, serveLines) })
		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		defer conn.Close()
		fmt.Fprintln(conn, "hello")
		line, err := bufio.NewReader(conn).ReadString('\n')
		fmt.Print(line)
		if err != nil {
			return err
		}
		fmt.Println("shutdown:", listener.Shutdown(ctx)) // the client has not closed its idle connection
		_, err = serving.Await(ctx)
		return err
	})
	// Output:
	// you said hello
	// shutdown: <nil>
}
