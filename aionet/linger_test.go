package aionet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// refuseAll sends refusal and returns. It reads nothing.
func refuseAll(_ context.Context, c *aionet.Conn) error {
	_, err := io.WriteString(c, strings.Repeat("no\n", 1000))
	return err
}

var refusal = strings.Repeat("no\n", 1000)

// A client that is still sending when the handler returns reads the whole answer and EOF.
func TestLinger_ResponseArrivesDespiteUnreadInput(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				addr := "127.0.0.1:0"
				if network == "unix" {
					addr = filepath.Join(t.TempDir(), "s")
				}
				l, err := aionet.Listen(ctx, network, addr)
				if err != nil {
					t.Fatal(err)
				}
				server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, refuseAll) })
				elsewhere(ctx, t, func() error {
					c, err := net.Dial(network, l.Addr().String())
					if err != nil {
						return err
					}
					defer c.Close()
					for range 10 {
						if _, err := c.Write(make([]byte, 10_000)); err != nil {
							return err
						}
					}
					text, err := io.ReadAll(c)
					if string(text) != refusal {
						t.Errorf("read %d bytes, want %d", len(text), len(refusal))
					}
					return err
				})
				if err := l.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				server.Await(ctx)
			})
		})
	}
}

func elsewhere(ctx context.Context, t *testing.T, fn func() error) {
	t.Helper()
	if _, err := asyncio.ToThread(ctx, func(context.Context) (none struct{}, _ error) { return none, fn() }); err != nil {
		t.Error(err)
	}
}

func TestLinger_TLSResponseArrivesDespiteUnreadInput(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, aionet.TLSHandler(serverConfig(), func(_ context.Context, c *aionet.TLSConn) error {
				_, err := io.WriteString(c, refusal)
				return err
			}))
		})
		c, err := aionet.TLSClient(ctx, dial(ctx, t, l.Addr()), clientConfig())
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			write(t, c, strings.Repeat("x", 10_000))
		}
		text, err := io.ReadAll(c)
		if string(text) != refusal || err != nil {
			t.Errorf("read %d bytes, %v; want %d", len(text), err, len(refusal))
		}
		shut(t, c)
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		server.Await(ctx)
	})
}

// The client sends a byte and does not close. The test checks in virtual time how long the
// connection lingers, and whether it is reset.
func TestLinger(t *testing.T) {
	handled := func(after func(ctx context.Context, c *aionet.Conn) error) func(ctx context.Context, c *aionet.Conn) error {
		return func(ctx context.Context, c *aionet.Conn) error {
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // the byte has arrived and is not read
				return err
			}
			return after(ctx, c)
		}
	}
	returns := handled(func(context.Context, *aionet.Conn) error { return nil })
	const halfASecond = 500 * time.Millisecond
	for name, c := range map[string]struct {
		opts    []aionet.ListenOption
		handler func(ctx context.Context, c *aionet.Conn) error
		within  time.Duration // of Shutdown
		client  func(c *aionet.Conn)
		lingers time.Duration
		reset   bool
	}{
		"by default":   {handler: returns, lingers: halfASecond},
		"for a minute": {handler: returns, opts: []aionet.ListenOption{aionet.Linger(time.Minute, 100)}, lingers: time.Minute},
		"not at all":   {handler: returns, opts: []aionet.ListenOption{aionet.Linger(0, 0)}, reset: true},
		"an error": {handler: handled(func(context.Context, *aionet.Conn) error { return errors.New("refused") }),
			opts: []aionet.ListenOption{aionet.OnError(func(net.Addr, error) {})}, lingers: halfASecond},
		"no longer than Shutdown": {handler: returns, within: 100 * time.Millisecond, lingers: 99 * time.Millisecond},
		"until the client ends":   {handler: returns, client: func(c *aionet.Conn) { c.CloseWrite() }},
		"until the client closes": {handler: returns, client: func(c *aionet.Conn) { c.Close() }},
		"the client sends on":     {handler: returns, client: func(c *aionet.Conn) { c.Write(make([]byte, 50_000)) }, lingers: halfASecond},
		"closed":                  {handler: handled(func(_ context.Context, c *aionet.Conn) error { return c.Close() }), reset: true},
		"SetLinger(0)":            {handler: handled(func(_ context.Context, c *aionet.Conn) error { return c.SetLinger(0) }), reset: true},
		"cancelled": {handler: func(ctx context.Context, c *aionet.Conn) error { return asyncio.Sleep(ctx, time.Hour) },
			within: time.Millisecond, reset: true},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", append(c.opts, aionet.MaxConns(1))...)
				if err != nil {
					t.Fatal(err)
				}
				returned := 0
				server := asyncio.Go(ctx, func(ctx context.Context) error {
					return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
						defer func() { returned++ }()
						return c.handler(ctx, conn)
					})
				})
				client := dial(ctx, t, l.Addr())
				write(t, client, "x")
				asyncio.Sleep(ctx, time.Millisecond) // until the handler returns
				if c.client != nil {
					asyncio.Go(ctx, func(ctx context.Context) error {
						until(ctx, t, "the handler has returned", func() bool { return returned == 1 })
						c.client(client)
						return nil
					})
				}
				limited, cancel := ctx, context.CancelFunc(func() {})
				if c.within > 0 {
					limited, cancel = asyncio.WithTimeout(ctx, c.within)
				}
				defer cancel()
				begun := asyncio.LoopOf(ctx).Now()
				err = l.Shutdown(limited)
				if (err != nil) != (c.within > 0) {
					t.Errorf("Shutdown: %v", err)
				}
				if took := asyncio.LoopOf(ctx).Now().Sub(begun); took < c.lingers || took > c.lingers+2*time.Millisecond {
					t.Errorf("Shutdown took %v, want %v", took, c.lingers)
				}
				if _, err := server.Await(ctx); err != nil {
					t.Errorf("Serve: %v", err)
				}
				if c.client == nil {
					if _, err := client.Read(make([]byte, 1)); (err != io.EOF) != c.reset {
						t.Errorf("the client reads %v, a reset: %v", err, c.reset)
					}
				}
				client.Close()
			})
		})
	}
}

// A lingering connection does not count towards MaxConns, and the discarded bytes are bounded.
func TestLinger_DoesNotCountForMaxConns(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.MaxConns(1), aionet.Linger(time.Hour, 100_000))
		if err != nil {
			t.Fatal(err)
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, refuseAll) })
		begun := asyncio.LoopOf(ctx).Now()
		first, second := dial(ctx, t, l.Addr()), dial(ctx, t, l.Addr())
		wantRead(t, first, refusal)
		wantRead(t, second, refusal)
		wantEOF(t, second)
		if passed := asyncio.LoopOf(ctx).Now().Sub(begun); passed != 0 {
			t.Errorf("the second waited for %v", passed)
		}
		sent := 0
		first.SetWriteDeadline(begun.Add(time.Minute))
		for {
			n, err := first.Write(make([]byte, 10_000))
			if sent += n; err != nil {
				break
			}
		}
		if sent < 100_000 || sent > 300_000 {
			t.Errorf("the first could send %d bytes, want 100,000 and what buffers hold", sent)
		}
		shut(t, second)
		now, cancel := asyncio.WithTimeout(ctx, 0)
		defer cancel()
		wantErr(t, "Shutdown", l.Shutdown(now), context.DeadlineExceeded)
		server.Await(ctx)
		shut(t, first)
	})
}

func TestLinger_Misuse(t *testing.T) {
	for _, call := range []func(){func() { aionet.Linger(-1, 0) }, func() { aionet.Linger(0, -1) }} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "must be at least 0") {
					t.Errorf("it panicked with %q", text)
				}
			}()
			call()
		}()
	}
}
