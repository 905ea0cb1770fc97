package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A panic in any callback ends that connection, is reported with its address, and is
// what ConnectionLost is called with; the server and the other connections live on.
func TestProtocolPanics(t *testing.T) {
	boom := func(where string) { panic(errors.New("boom in " + where)) }
	plain := func(panics func(s *script)) func() aionet.Protocol {
		return func() aionet.Protocol {
			s := &script{}
			panics(s)
			return s
		}
	}
	for where, factory := range map[string]func() aionet.Protocol{
		"factory": func() aionet.Protocol { boom("factory"); return nil },
		"made":    plain(func(s *script) { s.made = func(*script) { boom("made") } }),
		"data":    plain(func(s *script) { s.got = func(*script, []byte) { boom("data") } }),
		"eof":     plain(func(s *script) { s.eof = func(*script) bool { boom("eof"); return true } }),
		"lost":    plain(func(s *script) { s.lost = func(*script, error) { boom("lost") } }),
		"pause": plain(func(s *script) {
			s.made = func(s *script) { s.t.SetWriteBufferLimits(0, 0); fill(s.t) }
			s.pause = func(*script) { boom("pause") }
		}),
		"resume": plain(func(s *script) {
			s.made = func(s *script) { s.t.SetWriteBufferLimits(0, 0); fill(s.t) }
			s.resume = func(*script) { boom("resume") }
		}),
	} {
		t.Run(where, func(t *testing.T) {
			onWire(t, func(ctx context.Context) error {
				var log reports
				var bad *script
				first := true
				server := serveProtocol(ctx, t, func() aionet.Protocol {
					if first {
						first = false
						p := factory()
						bad = p.(*script)
						return p
					}
					return &script{got: func(s *script, data []byte) { s.t.Write(data) }}
				}, log.option())
				c := server.dial(ctx, t)
				good := server.dial(ctx, t)
				c.Write([]byte("x"))
				c.CloseWrite()
				if n, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, syscall.ECONNRESET) { // closed with something unread: a reset
					t.Errorf("read %d bytes, %v", n, err)
				}
				good.Write([]byte("y"))
				if _, err := good.Read(make([]byte, 1)); err != nil {
					t.Errorf("the other connection: %v", err)
				}
				good.Close()
				server.stop(ctx, t)
				if len(log.errs) != 1 || log.remotes[0].String() != c.LocalAddr().String() {
					t.Fatalf("reported: %v from %v", log.errs, log.remotes)
				}
				var p *asyncio.PanicError
				if !errors.As(log.errs[0], &p) || !strings.Contains(p.Error(), "boom in "+where) || !strings.Contains(string(p.Stack), "protocol_fault_test.go") {
					t.Errorf("reported: %v", log.errs[0])
				}
				switch {
				case where == "factory":
				case where == "lost":
					if bad.err != nil || strings.Count(bad.story(), "lost") != 1 {
						t.Errorf("called: %s; lost with %v", bad.story(), bad.err)
					}
				case bad.err != log.errs[0] || strings.Count(bad.story(), "lost") != 1:
					t.Errorf("called: %s; lost with %v", bad.story(), bad.err)
				}
				c.Close()
				return nil
			})
		})
	}
}

func TestProtocolFactoryReturnsNil(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		var log reports
		server := serveProtocol(ctx, t, func() aionet.Protocol { return nil }, log.option())
		c := server.dial(ctx, t)
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read: %v, want io.EOF", err)
		}
		c.Close()
		if _, err := aionet.DialProtocol(ctx, "tcp", server.l.Addr().String(), func() aionet.Protocol { return nil }, log.option()); err == nil {
			t.Error("DialProtocol with a nil Protocol succeeded")
		}
		server.stop(ctx, t)
		if len(log.errs) != 3 || !strings.Contains(fmt.Sprint(log.errs[0]), "nil Protocol") {
			t.Errorf("reported: %v", log.errs)
		}
		if err := server.l.ServeProtocol(ctx, nil); err == nil {
			t.Error("ServeProtocol took a nil factory")
		}
		return nil
	})
}

func TestProtocolTasks(t *testing.T) {
	t.Run("are cancelled when the connection is lost", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			var cause error
			steps := 0
			s := &script{made: func(s *script) {
				asyncio.Go(s.t.Context(), func(ctx context.Context) error {
					err := asyncio.Sleep(ctx, time.Hour)
					cause = context.Cause(ctx)
					for range 3 { // the server waits for it
						asyncio.Sleep(context.WithoutCancel(ctx), 0)
						steps++
					}
					return err
				})
			}}
			server := serveProtocol(ctx, t, one(s))
			c := server.dial(ctx, t)
			s0 := asyncio.Go(ctx, func(ctx context.Context) error { return s.over.Wait(ctx) })
			c.Close()
			if _, err := s0.Await(ctx); err != nil {
				return err
			}
			server.stop(ctx, t)
			if !errors.Is(cause, net.ErrClosed) || steps != 3 {
				t.Errorf("cancelled with %v, %d steps after", cause, steps)
			}
			if err := s.t.Context().Err(); err != context.Canceled {
				t.Errorf("the context's error is %v at the end", err)
			}
			if _, err := asyncio.Go(s.t.Context(), func(context.Context) error { return nil }).Await(ctx); !errors.Is(err, asyncio.ErrScopeEnded) {
				t.Errorf("a task of a connection that has left: %v", err)
			}
			return nil
		})
	})
	t.Run("that are made in ConnectionLost are cancelled too", func(t *testing.T) {
		for _, before := range []bool{false, true} { // whether there was a use for the context before
			onWire(t, func(ctx context.Context) error {
				var late *asyncio.Task[struct{}]
				s := &script{
					made: func(s *script) {
						if before {
							s.t.Context()
						}
					},
					lost: func(s *script, _ error) {
						late = asyncio.Go(s.t.Context(), func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
					},
				}
				server := serveProtocol(ctx, t, one(s))
				server.dial(ctx, t).Close()
				if err := s.over.Wait(ctx); err != nil {
					return err
				}
				server.stop(ctx, t)
				if err := late.Err(); !errors.Is(err, asyncio.ErrTaskCancelled) {
					t.Errorf("context used before: %t: the task ended with %v", before, err)
				}
				return nil
			})
		}
	})
	t.Run("end the connection when they fail", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			var log reports
			bad := errors.New("bad")
			s := &script{made: func(s *script) {
				asyncio.Go(s.t.Context(), func(ctx context.Context) error {
					if err := asyncio.Sleep(ctx, 0); err != nil {
						return err
					}
					return bad
				})
			}}
			server := serveProtocol(ctx, t, one(s), log.option())
			c := server.dial(ctx, t)
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("Read: %v, want io.EOF", err)
			}
			c.Close()
			server.stop(ctx, t)
			if s.err != bad || len(log.errs) != 1 || log.errs[0] != bad || log.remotes[0].String() != c.LocalAddr().String() {
				t.Errorf("lost with %v, reported %v from %v", s.err, log.errs, log.remotes)
			}
			return nil
		})
	})
	t.Run("of a dialled connection are shown and end with Run", func(t *testing.T) {
		s := &script{}
		var dump strings.Builder
		onWire(t, func(ctx context.Context) error {
			l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0") // accepts by itself, as far as the other side knows
			if err != nil {
				return err
			}
			transport, err := aionet.DialProtocol(ctx, "tcp", l.Addr().String(), one(s))
			if err != nil {
				return err
			}
			asyncio.Go(transport.Context(), func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) }, asyncio.Name("heartbeat"))
			asyncio.Sleep(ctx, 0)
			return asyncio.LoopOf(ctx).Dump(&dump)
		})
		if !strings.Contains(dump.String(), "heartbeat") {
			t.Errorf("the dump does not show the task:\n%s", dump.String())
		}
		s.expect(t, "made lost")
		if !errors.Is(s.err, asyncio.ErrLoopClosed) {
			t.Errorf("lost with %v", s.err)
		}
	})
}

func TestServeProtocolEnds(t *testing.T) {
	connected := func(ctx context.Context, t *testing.T, s *script) (*served, *aionet.Conn) {
		var made asyncio.Event
		s.made = func(*script) { made.Set() }
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if err := made.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		return server, c
	}
	t.Run("when its ctx is cancelled", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			s, why := &script{}, errors.New("why")
			server, c := connected(ctx, t, s)
			server.task.Cancel(why)
			if _, err := server.task.Await(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("ServeProtocol: %v", err)
			}
			if s.err != why {
				t.Errorf("lost with %v, want the cause", s.err)
			}
			server.l.Close()
			return c.Close()
		})
	})
	t.Run("when Close was called and the last has left", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			s := &script{}
			server, c := connected(ctx, t, s)
			server.l.Close()
			asyncio.Sleep(ctx, 0)
			if s.story() != "made" {
				t.Errorf("called: %s; the listener's Close is not the connections'", s.story())
			}
			c.Close()
			if _, err := server.task.Await(ctx); err != nil || s.err != nil {
				t.Errorf("ServeProtocol: %v; lost with %v", err, s.err)
			}
			return nil
		})
	})
	t.Run("when the time of Shutdown is over", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			s := &script{}
			server, c := connected(ctx, t, s)
			now, cancel := asyncio.WithTimeout(ctx, 0)
			defer cancel()
			if err := server.l.Shutdown(now); err != context.DeadlineExceeded {
				t.Errorf("Shutdown: %v", err)
			}
			if _, err := server.task.Await(ctx); err != nil {
				t.Errorf("ServeProtocol: %v", err)
			}
			if s.err == nil || !strings.Contains(s.err.Error(), "shut down") {
				t.Errorf("lost with %v", s.err)
			}
			return c.Close()
		})
	})
	t.Run("with Run", func(t *testing.T) {
		s := &script{}
		onWire(t, func(ctx context.Context) error {
			connected(ctx, t, s)
			return nil
		})
		s.expect(t, "made lost")
	})
}

func TestServeProtocolMaxConns(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		const all, most = 20, 3
		now, peak, over := 0, 0, 0
		server := serveProtocol(ctx, t, func() aionet.Protocol {
			return &script{
				made: func(*script) { now++; peak = max(peak, now) },
				lost: func(*script, error) { now--; over++ },
			}
		}, aionet.MaxConns(most))
		for range all {
			asyncio.Go(ctx, func(ctx context.Context) error {
				c, err := aionet.Dial(ctx, "tcp", server.l.Addr().String())
				if err != nil {
					return err
				}
				return c.Close()
			})
		}
		for over < all {
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		server.stop(ctx, t)
		if peak > most {
			t.Errorf("%d connections at once, want at most %d", peak, most)
		}
		return nil
	})
}

func TestDialProtocolFails(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		server := serveProtocol(ctx, t, func() aionet.Protocol { return aionet.BaseProtocol{} })
		addr := server.l.Addr().String()
		boom := errors.New("boom")
		var log reports
		s := &script{made: func(*script) { panic(boom) }}
		if _, err := aionet.DialProtocol(ctx, "tcp", addr, one(s), log.option()); !errors.Is(err, boom) || len(log.errs) != 1 {
			t.Errorf("with a panic in ConnectionMade: %v; reported %v", err, log.errs)
		}
		s.expect(t, "made lost")
		s = &script{made: func(s *script) {
			s.t.Abort()
			panic(boom)
		}}
		if c, err := aionet.DialProtocol(ctx, "tcp", addr, one(s), log.option()); c != nil || !errors.Is(err, boom) || !errors.Is(s.err, boom) {
			t.Errorf("with a panic after Abort in ConnectionMade: %v, %v; ConnectionLost got %v", c, err, s.err)
		}
		if _, err := aionet.DialProtocol(ctx, "udp", addr, one(s)); !errors.As(err, new(net.UnknownNetworkError)) {
			t.Errorf("over udp: %v", err)
		}
		if _, err := aionet.DialProtocol(ctx, "tcp", addr, nil); err == nil {
			t.Error("with a nil factory: no error")
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := aionet.DialProtocol(gone, "tcp", addr, one(s)); err != context.Canceled {
			t.Errorf("with a cancelled ctx: %v", err)
		}
		server.stop(ctx, t)
		if _, err := aionet.DialProtocol(ctx, "tcp", addr, one(s)); err == nil {
			t.Error("to nobody: no error")
		}
		if _, err := aionet.DialProtocol(context.Background(), "tcp", addr, one(s)); !errors.Is(err, asyncio.ErrNoLoop) {
			t.Errorf("off the loop: %v", err)
		}
		return nil
	})
}

// A megabyte of garbage is delivered as any other bytes are.
func TestProtocolGarbage(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		noise := rand.NewChaCha8([32]byte{1})
		garbage := make([]byte, 1<<20)
		noise.Read(garbage)
		total, sum := 0, 0
		s := &script{got: func(_ *script, data []byte) {
			for _, b := range data {
				total++
				sum += int(b) * (total % 251)
			}
		}}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if _, err := c.Write(garbage); err != nil {
			return err
		}
		c.Close()
		if err := s.over.Wait(ctx); err != nil {
			return err
		}
		server.stop(ctx, t)
		want := 0
		for i, b := range garbage {
			want += int(b) * ((i + 1) % 251)
		}
		if total != len(garbage) || sum != want {
			t.Errorf("received %d bytes, sum %d; want %d and %d", total, sum, len(garbage), want)
		}
		return nil
	})
}
