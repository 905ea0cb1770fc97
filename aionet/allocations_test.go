//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !asyncio_portable && !race

package aionet_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// What an exchange over a connection allocates, pinned; see the test of the same name in
// package asyncio.
func TestAllocationsOfTheHotPaths(t *testing.T) {
	message := make([]byte, 1024)
	for _, p := range []struct {
		name string
		want float64
		echo func(ctx context.Context, c *aionet.Conn) error
	}{
		{"Read and Write", 0, func(_ context.Context, c *aionet.Conn) error {
			buf := make([]byte, len(message))
			for {
				n, err := c.Read(buf)
				if err != nil {
					return err
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return err
				}
			}
		}},
		{"io.Copy", 0, func(_ context.Context, c *aionet.Conn) error {
			_, err := io.Copy(c, c)
			return err
		}},
		{"Read with a deadline", 0, func(_ context.Context, c *aionet.Conn) error {
			buf := make([]byte, len(message))
			for {
				c.SetReadDeadline(time.Now().Add(time.Hour))
				n, err := c.Read(buf)
				if err != nil {
					return err
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return err
				}
			}
		}},
	} {
		t.Run(p.name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				near, far := pair(ctx, t)
				echo := asyncio.Go(ctx, func(ctx context.Context) error {
					p.echo(ctx, far)
					return nil
				})
				answer := make([]byte, len(message))
				if n := testing.AllocsPerRun(500, func() {
					near.Write(message)
					io.ReadFull(near, answer)
				}); n != p.want {
					t.Errorf("%v allocations an exchange, want %v", n, p.want)
				}
				shut(t, near)
				echo.Await(ctx)
				shut(t, far)
			}, asyncio.WithStallThreshold(0))
		})
	}
}
