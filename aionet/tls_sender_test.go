package aionet_test

import (
	"context"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// The loop, and not a task, sends the answers of crypto/tls to the peer. No task is left when
// the underlying connection is closed.
func TestTLS_closeLeavesNoTask(t *testing.T) {
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		writing := asyncio.Go(ctx, func(context.Context) error { // until the send buffer is full
			_, err := c.Write(make([]byte, 64<<20))
			return err
		})
		turns(ctx, t, 20)
		writing.Cancel(nil)
		writing.Await(ctx)
		for _, task := range asyncio.LoopOf(ctx).Tasks() {
			if strings.Contains(task.Name(), "TLS") {
				t.Errorf("the task %q sends the rest of a cancelled Write", task.Name())
			}
		}
		shut(t, c.NetConn())
		if n := len(asyncio.LoopOf(ctx).Tasks()); n != 1 {
			t.Errorf("%d tasks live after Close, want 1", n)
		}
		c.Close()
		s.Close()
	})
}
