package asynciotest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
	"github.com/asyncio-go/asyncio/asynciotest"
)

var errHandler = errors.New("the handler's error")

type handlerFunc = func(ctx context.Context, conn *aionet.Conn) error

// served makes a program whose server gets one connection, which sends a byte and closes.
func served(serve func(ctx context.Context, l *aionet.Listener) error, listen []aionet.ListenOption, opts ...asyncio.Option) func(t *testing.T) {
	opts = append([]asyncio.Option{unlogged}, opts...)
	return in(func(ctx context.Context) {
		l, err := aionet.Listen(ctx, "tcp", "shop:80", listen...)
		if err != nil {
			panic(err)
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error { return serve(ctx, l) })
		c, err := aionet.Dial(ctx, "tcp", "shop:80")
		if err != nil {
			panic(err)
		}
		c.Write([]byte("x"))
		c.CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
		l.Close()
		server.Await(ctx)
	}, opts...)
}

func handled(handler handlerFunc, opts ...asyncio.Option) func(t *testing.T) {
	return served(func(ctx context.Context, l *aionet.Listener) error { return l.Serve(ctx, handler) }, nil, opts...)
}

// failing is a protocol that panics.
type failing struct{ aionet.Protocol }

func (failing) ConnectionMade(*aionet.Transport) {}
func (failing) DataReceived([]byte)              { panic(errHandler) }
func (failing) EOFReceived() bool                { return false }
func (failing) ConnectionLost(error)             {}

// asked makes a program with one request.
func asked(fn aiohttp.HandlerFunc, handler []aiohttp.Option, opts ...asyncio.Option) func(t *testing.T) {
	opts = append([]asyncio.Option{unlogged}, opts...)
	return in(func(ctx context.Context) {
		h := aiohttp.Handler(asyncio.LoopOf(ctx), fn, handler...)
		asyncio.ToThread(ctx, func(context.Context) (int, error) {
			defer func() { recover() }() // of what net/http would recover
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/page", nil))
			return 0, nil
		})
	}, opts...)
}

func init() {
	fails := func(context.Context, *aionet.Conn) error { return errHandler }
	panics := func(context.Context, *aionet.Conn) error { panic("in the handler") }
	program("a-handler-that-panics", handled(panics), "the handler of the connection from", "in the handler", "strict_handlers_test.go:")
	program("a-handler-that-panics-with-an-error", handled(func(context.Context, *aionet.Conn) error { panic(io.EOF) }), "asyncio: panic: EOF")
	program("a-handler-that-fails", handled(fails), errHandler.Error())
	program("a-handler-whose-task-fails", handled(func(ctx context.Context, _ *aionet.Conn) error {
		asyncio.Go(ctx, func(context.Context) error { return errHandler })
		return asyncio.Sleep(ctx, time.Hour)
	}), errHandler.Error())
	program("a-handler-that-sleeps", handled(func(ctx context.Context, _ *aionet.Conn) error {
		time.Sleep(time.Hour) // blocks: a-handler-that-sleeps
		return nil
	}), `task "connection `)
	program("a-handler-that-calls-Goexit", handled(func(context.Context, *aionet.Conn) error { runtime.Goexit(); return nil }), "Goexit")
	program("a-handler-that-calls-FailNow", func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, b := asynciotest.Pipe(ctx)
			defer a.Close()
			asyncio.Go(ctx, func(context.Context) error { defer b.Close(); t.Fatal("fatal in a task"); return nil })
			asyncio.Sleep(ctx, time.Hour)
		})
	}, "fatal in a task")
	program("a-protocol-that-panics", served(func(ctx context.Context, l *aionet.Listener) error {
		return l.ServeProtocol(ctx, func() aionet.Protocol { return failing{} })
	}, nil), errHandler.Error())
	program("a-request-that-fails", asked(func(context.Context, http.ResponseWriter, *http.Request) error { return errHandler }, nil),
		`the handler of GET "/page"`, errHandler.Error())
	program("a-request-that-panics", asked(func(context.Context, http.ResponseWriter, *http.Request) error { panic("in the request") }, nil),
		"in the request", "strict_handlers_test.go:")

	onError := []aionet.ListenOption{aionet.OnError(func(net.Addr, error) {})}
	serve := func(h handlerFunc) func(ctx context.Context, l *aionet.Listener) error {
		return func(ctx context.Context, l *aionet.Listener) error { return l.Serve(ctx, h) }
	}
	program("a-panic-given-to-OnError", served(serve(panics), onError))
	program("an-error-given-to-OnError", served(serve(fails), onError))
	program("a-panic-that-is-allowed", handled(panics, asynciotest.AllowHandlerErrors()))
	program("an-error-that-is-allowed", handled(fails, asynciotest.AllowHandlerErrors()))
	program("a-handler-that-reads-to-the-end", handled(func(_ context.Context, conn *aionet.Conn) error {
		io.ReadAll(conn)
		_, err := conn.Read(make([]byte, 1))
		return fmt.Errorf("reading: %w", err)
	}))
	program("a-handler-whose-deadline-passes", handled(func(_ context.Context, conn *aionet.Conn) error {
		io.ReadAll(conn)
		conn.SetDeadline(time.Now())
		_, err := conn.Read(make([]byte, 1))
		return err
	}))
	program("a-handler-whose-WaitFor-ends", handled(func(ctx context.Context, _ *aionet.Conn) error {
		_, err := asyncio.WaitFor(ctx, time.Second, asyncio.NewFuture[int](ctx))
		return err
	}))
	program("a-handler-that-closes", handled(func(_ context.Context, conn *aionet.Conn) error {
		conn.Close()
		_, err := conn.Read(make([]byte, 1))
		return err
	}))
	program("a-handler-that-is-cancelled", func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, _ := aionet.Listen(ctx, "tcp", "shop:80")
			defer l.Close()
			server := asyncio.Go(ctx, func(ctx context.Context) error {
				return l.Serve(ctx, func(ctx context.Context, _ *aionet.Conn) error { return asyncio.Sleep(ctx, time.Hour) })
			})
			c, _ := aionet.Dial(ctx, "tcp", "shop:80")
			defer c.Close()
			asyncio.Sleep(ctx, time.Second)
			server.Cancel(nil)
			server.Await(ctx)
		})
	})
	program("a-handler-whose-connection-is-reset", func(t *testing.T) {
		n := asynciotest.NewNetwork()
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, _ := aionet.Listen(ctx, "tcp", "shop:80")
			server := asyncio.Go(ctx, func(ctx context.Context) error {
				return l.Serve(ctx, func(_ context.Context, conn *aionet.Conn) error {
					_, err := conn.Read(make([]byte, 1))
					return err
				})
			})
			c, _ := aionet.Dial(ctx, "tcp", "shop:80")
			defer c.Close()
			asyncio.Sleep(ctx, time.Second)
			n.Reset(c)
			l.Close()
			server.Await(ctx)
		}, asynciotest.WithNetwork(n), unlogged)
	})
	program("a-request-that-is-aborted", asked(func(context.Context, http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) }, nil))
	program("a-request-given-to-OnError", asked(func(context.Context, http.ResponseWriter, *http.Request) error { return errHandler },
		[]aiohttp.Option{aiohttp.OnError(func(*http.Request, error) {})}))
	program("a-request-that-may-fail", asked(func(context.Context, http.ResponseWriter, *http.Request) error { return errHandler }, nil,
		asynciotest.AllowHandlerErrors()))
}
