package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Shutdown accepts no new connections and returns when all handlers have ended.

func TestShutdownDrains(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l, end := serve(ctx, t, echo)
		c := dial(ctx, t, l.Addr())
		write(t, c, "before")
		wantRead(t, c, "before")
		down := asyncio.Go(ctx, func(ctx context.Context) error { return l.Shutdown(ctx) })
		turns(ctx, t, 3)
		_, err := aionet.Dial(ctx, "tcp", l.Addr().String())
		wantErr(t, "Dial during Shutdown", err, syscall.ECONNREFUSED)
		write(t, c, "during")
		wantRead(t, c, "during")
		if down.Err() != asyncio.ErrNotDone {
			t.Errorf("Shutdown did not wait: %v", down.Err())
		}
		shut(t, c)
		if _, err := down.Await(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		end() // a second Shutdown returns at once
	})
}

// Who had connected before, and waited to be accepted, is served.
func TestShutdown_ServesTheBacklog(t *testing.T) {
	for name, opts := range map[string][]aionet.ListenOption{"": nil, "at most two at once": {aionet.MaxConns(2)}} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				l, end := serve(ctx, t, echo, opts...)
				turns(ctx, t, 2)
				const n = 20
				var waiting []net.Conn
				for range n { // no turn goes by: the loop cannot accept
					c, err := net.Dial("tcp", l.Addr().String())
					if err != nil {
						t.Fatal(err)
					}
					waiting = append(waiting, c)
				}
				clients := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
					return asyncio.ToThread(ctx, func(context.Context) (served int, err error) {
						for _, c := range waiting {
							write(t, c, "hello")
							wantRead(t, c, "hello")
							c.Close()
							served++
						}
						return served, nil
					})
				})
				end()
				if served, err := clients.Await(ctx); served != n || err != nil {
					t.Errorf("%d of %d were served, %v", served, n, err)
				}
			})
		})
	}
}

func TestShutdownForced(t *testing.T) {
	for name, sctx := range map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
		"in time": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return asyncio.WithTimeout(ctx, 5*time.Millisecond)
		},
		"at once": func(ctx context.Context) (context.Context, context.CancelFunc) { return asyncio.WithTimeout(ctx, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				causes := 0
				l := listen(ctx, t, aionet.MaxConns(1))
				server := asyncio.Go(ctx, func(ctx context.Context) error {
					return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
						_, err := c.Read(make([]byte, 1)) // says nothing
						if errors.Is(err, context.Canceled) {
							causes++
						}
						asyncio.Sleep(context.WithoutCancel(ctx), time.Millisecond) // cleans up
						return err
					})
				})
				served, waits := dial(ctx, t, l.Addr()), dial(ctx, t, l.Addr())
				until(ctx, t, "one is served", func() bool { return len(asyncio.LoopOf(ctx).Tasks()) == 3 })
				turns(ctx, t, 2)
				short, cancel := sctx(ctx)
				defer cancel()
				wantErr(t, "Shutdown", l.Shutdown(short), context.DeadlineExceeded)
				if causes != 1 {
					t.Errorf("%d handlers were cancelled", causes)
				}
				if tasks := asyncio.LoopOf(ctx).Tasks(); len(tasks) > 2 {
					t.Errorf("handlers are left: %d tasks", len(tasks))
				}
				if _, err := server.Await(ctx); err != nil {
					t.Errorf("Serve: %v, want nil", err)
				}
				wantEOF(t, served)
				if _, err := waits.Read(make([]byte, 1)); err == nil {
					t.Error("the one that waited was served")
				}
				shut(t, served, waits)
			})
		})
	}
}

// In a handler, or in a task of one, it would wait for itself. Close does there.
func TestShutdownInAHandler(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
				wantErr(t, "in a handler", l.Shutdown(ctx), asyncio.ErrWrongTask)
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					asyncio.Go(ctx, func(ctx context.Context) error { return l.Shutdown(ctx) })
					return nil
				})
				wantErr(t, "in a task of a handler", err, asyncio.ErrWrongTask)
				write(t, c, "bye")
				return l.Close()
			})
		})
		c := dial(ctx, t, l.Addr())
		wantRead(t, c, "bye")
		wantEOF(t, c)
		if _, err := server.Await(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
		shut(t, c)
	})
}

// Shutdown without Serve closes the listener.
func TestShutdownWithoutServe(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		c := dial(ctx, t, l.Addr())
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		_, err := l.Accept(ctx)
		wantErr(t, "Accept", err, net.ErrClosed)
		_, err = c.Read(make([]byte, 1))
		if err == nil || err == io.EOF {
			t.Errorf("a connection in the backlog read %v, want a reset", err)
		}
		shut(t, c)
	})
}

// Serve after Shutdown returns nil: a shutdown before the first step of the server is no error.
func TestServeAfterShutdown(t *testing.T) {
	closes := func(_ context.Context, l *aionet.Listener) error { return l.Close() }
	shuts := func(ctx context.Context, l *aionet.Listener) error { return l.Shutdown(ctx) }
	late := func(ctx context.Context, l *aionet.Listener) error {
		short, cancel := asyncio.WithTimeout(ctx, 0)
		defer cancel()
		l.Shutdown(short)
		return nil
	}
	for name, c := range map[string]struct {
		stops []func(ctx context.Context, l *aionet.Listener) error
		want  error
	}{
		"Shutdown":              {stops: []func(context.Context, *aionet.Listener) error{shuts}},
		"Shutdown twice":        {stops: []func(context.Context, *aionet.Listener) error{shuts, shuts}},
		"Shutdown, out of time": {stops: []func(context.Context, *aionet.Listener) error{late}},
		"Close":                 {stops: []func(context.Context, *aionet.Listener) error{closes}, want: net.ErrClosed},
		"Close before Shutdown": {stops: []func(context.Context, *aionet.Listener) error{closes, shuts}},
	} {
		for kind, serve := range map[string]func(ctx context.Context, l *aionet.Listener) error{
			"Serve": func(ctx context.Context, l *aionet.Listener) error { return l.Serve(ctx, echo) },
			"ServeProtocol": func(ctx context.Context, l *aionet.Listener) error {
				return l.ServeProtocol(ctx, func() aionet.Protocol { return nil })
			},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				onEachNetwork(t, func(ctx context.Context, t *testing.T) {
					l := listen(ctx, t)
					server := asyncio.Go(ctx, func(ctx context.Context) error { return serve(ctx, l) })
					for _, stop := range c.stops { // before the first step of the server
						if err := stop(ctx, l); err != nil {
							t.Errorf("stopping: %v", err)
						}
					}
					if err := server.Join(ctx); !errors.Is(err, c.want) {
						t.Errorf("returned %v, want %v", err, c.want)
					}
				})
			})
		}
	}
}

func TestMaxConns(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		present, most, served := 0, 0, 0
		l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			present++
			most = max(most, present)
			defer func() { present--; served++ }()
			return echo(ctx, c)
		}, aionet.MaxConns(3))
		var clients []*aionet.Conn
		for range 10 {
			clients = append(clients, dial(ctx, t, l.Addr()))
		}
		until(ctx, t, "three are served", func() bool { return present == 3 })
		turns(ctx, t, 20)
		for _, c := range clients {
			write(t, c, "hello")
			wantRead(t, c, "hello")
			shut(t, c)
		}
		end()
		if most != 3 || served != 10 {
			t.Errorf("%d at once, %d in all", most, served)
		}
	})
	defer func() {
		if v := recover(); v == nil {
			t.Error("MaxConns(0) did not panic")
		}
	}()
	aionet.MaxConns(0)
}
