package aionet_test

import (
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// awaitDraining ends a connection when Shutdown begins.
func awaitDraining(ctx context.Context, _ *aionet.Conn) error {
	_, _, err := asyncio.Recv(ctx, aionet.Draining(ctx))
	return err
}

// drained is awaitDraining as a protocol.
type drained struct{ aionet.BaseProtocol }

func (drained) ConnectionMade(t *aionet.Transport) {
	asyncio.Go(t.Context(), func(ctx context.Context) error {
		_, _, err := asyncio.Recv(ctx, aionet.Draining(ctx))
		t.Close()
		return err
	})
}

// A handler that awaits Draining ends when Shutdown begins: Shutdown takes no virtual time.
func TestDraining(t *testing.T) {
	for name, serve := range map[string]func(ctx context.Context, l *aionet.Listener) error{
		"Serve": func(ctx context.Context, l *aionet.Listener) error { return l.Serve(ctx, awaitDraining) },
		"a task of the handler": func(ctx context.Context, l *aionet.Listener) error {
			return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
				return asyncio.Go(ctx, func(ctx context.Context) error { return awaitDraining(ctx, c) }).Join(ctx)
			})
		},
		"a thread of the handler": func(ctx context.Context, l *aionet.Listener) error {
			return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
				_, err := asyncio.ToThread(ctx, func(ctx context.Context) (none struct{}, _ error) {
					<-aionet.Draining(ctx)
					return none, nil
				})
				return err
			})
		},
		"ServeProtocol": func(ctx context.Context, l *aionet.Listener) error {
			return l.ServeProtocol(ctx, func() aionet.Protocol { return drained{} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				server := asyncio.Go(ctx, func(ctx context.Context) error { return serve(ctx, l) })
				c := dial(ctx, t, l.Addr())
				client := asyncio.Go(ctx, func(context.Context) error {
					wantEOF(t, c)
					return c.Close()
				})
				asyncio.Sleep(ctx, 1)
				begun := asyncio.LoopOf(ctx).Now()
				if err := l.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if passed := asyncio.LoopOf(ctx).Now().Sub(begun); passed != 0 {
					t.Errorf("Shutdown took %v", passed)
				}
				if _, err := server.Await(ctx); err != nil {
					t.Errorf("Serve: %v", err)
				}
				if err := client.Join(ctx); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

func TestDraining_WithoutAServer(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		for _, ctx := range []context.Context{ctx, context.Background()} {
			if ch := aionet.Draining(ctx); ch != nil {
				t.Errorf("a channel, want nil")
			}
		}
	})
}

// Close and a cancelled Serve do not begin a Shutdown.
func TestDrainingStaysOpen(t *testing.T) {
	for name, end := range map[string]func(l *aionet.Listener, server *asyncio.Task[struct{}]){
		"Close":           func(l *aionet.Listener, _ *asyncio.Task[struct{}]) { l.Close() },
		"a cancelled one": func(_ *aionet.Listener, server *asyncio.Task[struct{}]) { server.Cancel(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				l := listen(ctx, t)
				begun := make(chan (<-chan struct{}), 1)
				server := asyncio.Go(ctx, func(ctx context.Context) error {
					return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
						begun <- aionet.Draining(ctx)
						_, err := c.Read(make([]byte, 1))
						return err
					})
				})
				c := dial(ctx, t, l.Addr())
				draining, _, err := asyncio.Recv(ctx, begun)
				if err != nil {
					t.Fatal(err)
				}
				end(l, server)
				shut(t, c)
				server.Await(ctx)
				select {
				case <-draining:
					t.Error("the channel is closed")
				default:
				}
				if name != "Close" {
					shut(t, l)
				}
			})
		})
	}
}
