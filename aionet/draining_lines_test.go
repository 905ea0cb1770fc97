package aionet_test

import (
	"bufio"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The guide's line protocol answers the requests that are in its buffer when Shutdown begins.
func TestDraining_LineProtocolAnswersBufferedLines(t *testing.T) {
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		var down *asyncio.Task[struct{}]
		l := listen(ctx, t)
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(inner context.Context, conn *aionet.Conn) error {
				in := bufio.NewReader(conn)
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return err
					}
					if down == nil {
						down = asyncio.Go(ctx, func(context.Context) error { return l.Shutdown(ctx) })
						asyncio.Recv(inner, aionet.Draining(inner))
					}
					fmt.Fprintf(conn, "you said %s", line)
					select {
					case <-aionet.Draining(inner):
						if in.Buffered() == 0 {
							return nil
						}
						conn.SetReadDeadline(time.Now().Add(guard))
					default:
					}
				}
			})
		})
		c := dial(ctx, t, l.Addr())
		write(t, c, "1\n2\n3\n")
		wantRead(t, c, "you said 1\nyou said 2\nyou said 3\n")
		wantEOF(t, c)
		shut(t, c)
		if err := server.Join(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := down.Join(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}
