package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The tasks of a handler belong to its connection. They end with it, and their errors end only that
// connection.
func TestTasksOfAHandler(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		task    func(ctx context.Context) error
		handler error
		want    []error // reported, in one error
	}{
		"the task fails":           {func(context.Context) error { return broken }, nil, []error{broken}},
		"the handler ends first":   {forever, nil, nil},
		"the handler fails first":  {forever, io.ErrNoProgress, []error{io.ErrNoProgress}},
		"both fail":                {func(ctx context.Context) error { forever(ctx); return broken }, io.ErrNoProgress, []error{io.ErrNoProgress, broken}},
		"the end of the stream":    {forever, io.EOF, nil},
		"the task ends before all": {func(context.Context) error { return nil }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				var reported []error
				l, err := aionet.Listen(ctx, "tcp", "server:1", aionet.OnError(func(_ net.Addr, err error) { reported = append(reported, err) }))
				if err != nil {
					t.Fatal(err)
				}
				ended := false
				server := asyncio.Go(ctx, func(ctx context.Context) error {
					return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
						b := make([]byte, 1)
						if _, err := conn.Read(b); err != nil || b[0] == 'e' { // another client
							conn.Write(b)
							return err
						}
						asyncio.Go(ctx, func(ctx context.Context) error {
							defer func() { ended = true }()
							return c.task(ctx)
						})
						if c.handler == nil && c.want != nil {
							_, err := conn.Read(b) // until the task fails
							return err
						}
						asyncio.Sleep(ctx, 1)
						return c.handler
					})
				})
				a, err := aionet.Dial(ctx, "tcp", "server:1")
				if err != nil {
					t.Fatal(err)
				}
				a.Write([]byte("x"))
				if _, err := a.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the connection: %v, want its end", err)
				}
				if !ended {
					t.Error("the connection was closed before the task had ended")
				}
				b, err := aionet.Dial(ctx, "tcp", "server:1")
				if err != nil {
					t.Fatal(err)
				}
				b.Write([]byte("e"))
				if n, err := b.Read(make([]byte, 1)); n != 1 {
					t.Errorf("another client: %v", err)
				}
				if err := l.Shutdown(ctx); err != nil {
					t.Error(err)
				}
				if _, err := server.Await(ctx); err != nil {
					t.Errorf("Serve: %v", err)
				}
				switch {
				case len(reported) != min(1, len(c.want)):
					t.Fatalf("reported: %q, want %q", reported, c.want)
				case len(c.want) == 1 && reported[0] != c.want[0]:
					t.Errorf("reported: %q, want %q itself", reported[0], c.want[0])
				}
				for _, want := range c.want {
					if !errors.Is(reported[0], want) {
						t.Errorf("reported: %q, want %q", reported[0], want)
					}
				}
				a.Close()
				b.Close()
			})
		})
	}
}

// forever waits for what does not come.
func forever(ctx context.Context) error {
	var never asyncio.Event
	return never.Wait(ctx)
}

// A detached task of a handler continues after the connection has ended, until Run ends it.
func TestDetach_OutlivesTheConnection(t *testing.T) {
	for name, failure := range map[string]error{"the handler returns": nil, "the handler fails": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				l, err := aionet.Listen(ctx, "tcp", "server:1", aionet.OnError(func(net.Addr, error) {}))
				if err != nil {
					t.Fatal(err)
				}
				var sent *asyncio.Task[struct{}]
				server := asyncio.Go(ctx, func(ctx context.Context) error {
					return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
						sent = asyncio.Go(asyncio.Detach(ctx), func(ctx context.Context) error {
							if err := asyncio.Sleep(ctx, time.Hour); err != nil {
								return err
							}
							_, err := conn.Write([]byte("late"))
							return err
						})
						return failure
					})
				})
				client, err := aionet.Dial(ctx, "tcp", "server:1")
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if _, err := client.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("the client reads %v, want the end", err)
				}
				if err := l.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if err := server.Join(ctx); err != nil || time.Since(start) >= time.Hour {
					t.Errorf("Serve ended after %v with %v; it does not wait for the detached task", time.Since(start), err)
				}
				if err := sent.Join(ctx); !errors.Is(err, net.ErrClosed) {
					t.Errorf("the detached task: %v, want net.ErrClosed: the connection ended with its handler", err)
				}
				client.Close()
			})
		})
	}
}

// A group that a handler opens, and does not close, ends with the connection, which has its errors.
func TestOpenGroup_EndsWithTheConnection(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		broken, late := errors.New("broken"), errors.New("late")
		var reported []error
		l, err := aionet.Listen(ctx, "tcp", "server:1", aionet.OnError(func(_ net.Addr, err error) { reported = append(reported, err) }))
		if err != nil {
			t.Fatal(err)
		}
		var g *asyncio.Group
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
				g = asyncio.OpenGroup(ctx)
				g.Go(func(ctx context.Context) error { forever(ctx); return late })
				asyncio.Sleep(ctx, 1)
				g.Go(func(context.Context) error { return broken })
				if err := asyncio.Sleep(ctx, 1); err != nil {
					t.Errorf("the group's failure cancels the handler: %v", err)
				}
				return nil
			})
		})
		client, err := aionet.Dial(ctx, "tcp", "server:1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the client reads %v, want the end", err)
		}
		client.Close()
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := server.Join(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
		if len(reported) != 1 || !errors.Is(reported[0], broken) || !errors.Is(reported[0], late) {
			t.Errorf("reported %v, want the errors of the group", reported)
		}
		if task := g.Go(forever); !errors.Is(task.Err(), asyncio.ErrScopeEnded) {
			t.Errorf("Go after the end of the connection: %v", task.Err())
		}
	})
}

// A group in a handler whose body panics, as its tasks fail: all their errors are
// the connection's, and none is Run's.
func TestServeReportsTheTasksOfAGroupThatPanics(t *testing.T) {
	disk, clean := errors.New("disk full"), errors.New("failed in its clean-up")
	for name, nested := range map[string]int{"a group": 1, "a group in a group": 2} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				var reported []error
				l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
					body := func(ctx context.Context) error {
						asyncio.Go(ctx, func(ctx context.Context) error { asyncio.Sleep(ctx, time.Hour); return clean })
						asyncio.Sleep(ctx, 0)
						asyncio.Go(ctx, func(context.Context) error { return disk })
						asyncio.Sleep(ctx, time.Hour)
						panic("boom")
					}
					for range nested {
						inner := body
						body = func(ctx context.Context) error { return asyncio.WithTaskGroup(ctx, inner) }
					}
					return body(ctx)
				}, aionet.OnError(func(_ net.Addr, err error) { reported = append(reported, err) }))
				visit(ctx, t, l.Addr(), 1)
				end()
				var p *asyncio.PanicError
				if len(reported) != 1 || !errors.Is(reported[0], disk) || !errors.Is(reported[0], clean) || !errors.As(reported[0], &p) {
					t.Errorf("reported %q, want one report of the panic and both errors", reported)
				}
			}, asyncio.WithPanicsAsErrors())
		})
	}
}
