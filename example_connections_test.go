package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A client that sends nothing before the read deadline is counted. It is not logged as a
// warning.
func ExampleConnectionMetrics() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		serving := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(_ context.Context, conn *aionet.Conn) error {
				conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
				_, err := conn.Read(make([]byte, 1))
				return err
			})
		})
		silent, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		silent.Read(make([]byte, 1)) // until the server ends the connection
		silent.Close()
		if err := listener.Shutdown(ctx); err != nil {
			return err
		}
		fmt.Printf("%+v\n", asyncio.LoopOf(ctx).Metrics().Connections)
		_, err = serving.Await(ctx)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: {Failed:0 Resets:0 Timeouts:1 Closed:0 AcceptErrors:0}
}
