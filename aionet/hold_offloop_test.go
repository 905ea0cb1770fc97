package aionet_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A cancelled call of many parts, by a task of another loop, leaves its direction free. This
// holds for a cancellation at any step of the connection's loop.
func TestCancelledHoldsOfAnotherLoopEnd(t *testing.T) {
	const rounds = 500
	dice := rand.New(rand.NewPCG(1, 2))
	plain := func(text string) io.Reader { return struct{ io.Reader }{strings.NewReader(text)} }
	send := func(c *aionet.Conn) error { _, err := c.Write([]byte("x")); return err }
	receive := func(c *aionet.Conn) error { _, err := c.Read(make([]byte, 8)); return err }
	for name, c := range map[string]struct {
		call  func(c *aionet.Conn) (int64, error)
		after func(c *aionet.Conn) error
	}{
		"io.Copy to":   {func(c *aionet.Conn) (int64, error) { return io.Copy(c, plain("text")) }, send},
		"ReadFrom":     {func(c *aionet.Conn) (int64, error) { return c.ReadFrom(plain("text")) }, send},
		"io.Copy from": {func(c *aionet.Conn) (int64, error) { return io.Copy(struct{ io.Writer }{io.Discard}, c) }, receive},
		"WriteTo":      {func(c *aionet.Conn) (int64, error) { return c.WriteTo(io.Discard) }, receive},
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				a, b := pair(ctx, t)
				feeding := asyncio.Go(ctx, func(ctx context.Context) error { // sends data for the Read of every round
					for {
						if _, err := b.Write([]byte("fed")); err != nil {
							return nil
						}
						if err := asyncio.Sleep(ctx, 0); err != nil {
							return nil
						}
					}
				})
				draining := asyncio.Go(ctx, func(context.Context) error { io.Copy(io.Discard, b); return nil })
				_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
					return 0, asyncio.Run(context.Background(), func(other context.Context) error {
						for i := range rounds {
							call := asyncio.CreateTask(other, func(context.Context) (int64, error) { return c.call(a) })
							turns(other, t, 2)
							for until := time.Now().Add(time.Duration(dice.IntN(60_000))); time.Now().Before(until); {
							}
							call.Cancel(nil)
							call.Await(other)
							if err := c.after(a); errors.Is(err, aionet.ErrConnBusy) {
								t.Errorf("round %d, after the cancelled call: %v", i, err)
								return nil
							}
						}
						return nil
					}, asyncio.WithStallThreshold(0))
				})
				if err != nil {
					t.Error(err)
				}
				shut(t, a)
				feeding.Cancel(nil)
				feeding.Await(ctx)
				shut(t, b)
				draining.Await(ctx)
			})
		})
	}
}
