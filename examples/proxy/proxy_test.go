package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestBothDirectionsAndTheirEnds(t *testing.T) {
	for name, clientFirst := range map[string]bool{"the client ends first": true, "the target ends first": false} {
		t.Run(name, func(t *testing.T) {
			inLab(t, "", func(ctx context.Context, l *lab) {
				client, server := l.pair(ctx, l.target(ctx))
				say(t, client, "question")
				hear(t, server, "question")
				say(t, server, "answer")
				hear(t, client, "answer")

				first, second := client, server
				if !clientFirst {
					first, second = server, client
				}
				first.CloseWrite()
				hearEnd(t, second)
				asyncio.Sleep(ctx, 50*time.Second) // half a connection is one, as long as it is not idle
				say(t, second, "afterword")
				hear(t, first, "afterword")
				second.CloseWrite()
				hearEnd(t, first)
				client.Close()
				server.Close()
				l.end()
				if _, err := l.done.Await(ctx); err != nil {
					t.Error(err)
				}
				up, down := int64(len("question")), int64(len("answer"+"afterword"))
				if !clientFirst {
					up, down = int64(len("question"+"afterword")), int64(len("answer"))
				}
				l.numbers(1, 0, 0, up, down)
			}, asynciotest.Latency(10*time.Millisecond, 10*time.Millisecond))
		})
	}
}

func TestConnecting(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		inLab(t, "", func(ctx context.Context, l *lab) {
			target := l.target(ctx)
			l.net.RefuseAddr(there)
			client := l.dial(ctx)
			if took := gone(t, client); took != 0 {
				t.Errorf("it was hung up on after %v, want at once", took)
			}
			client.Close()
			l.numbers(1, 1, 0, 0, 0)
			if !strings.Contains(l.log.String(), "connection refused") {
				t.Errorf("the log does not say why:\n%s", l.log)
			}
			l.net.AllowAddr(there) // a refusal is not remembered
			client, server := l.pair(ctx, target)
			say(t, client, "again")
			hear(t, server, "again")
			client.Close()
			hearEnd(t, server)
			server.Close()
		})
	})
	t.Run("no answer", func(t *testing.T) {
		inLab(t, "-connect 3s", func(ctx context.Context, l *lab) {
			l.target(ctx)
			client := l.dial(ctx)
			l.net.BlockAll()
			asyncio.LoopOf(ctx).CallLater(4*time.Second, l.net.UnblockAll) // so that the client learns it
			gone(t, client)
			if !strings.Contains(l.log.String(), "no connection to "+there+" within 3s") {
				t.Errorf("the log does not say why:\n%s", l.log)
			}
			if !strings.Contains(l.log.String(), "after=3s") {
				t.Errorf("it did not end after 3s:\n%s", l.log)
			}
			client.Close()
			l.numbers(1, 1, 0, 0, 0)
		}, asynciotest.Latency(time.Millisecond, time.Millisecond))
	})
}

// The time-out is exact, and counts from the last byte of either direction.
func TestIdle(t *testing.T) {
	for name, talk := range map[string]func(client, server *aionet.Conn){
		"from the beginning": func(_, _ *aionet.Conn) {},
		"after the client":   func(client, server *aionet.Conn) { say(t, client, "x"); hear(t, server, "x") },
		"after the target":   func(client, server *aionet.Conn) { say(t, server, "x"); hear(t, client, "x") },
		"half closed":        func(client, server *aionet.Conn) { client.CloseWrite(); hearEnd(t, server) },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, "-idle 10s", func(ctx context.Context, l *lab) {
				client, server := l.pair(ctx, l.target(ctx))
				want := 10 * time.Second
				for range 3 {
					talk(client, server)
					if name == "after the client" || name == "after the target" {
						asyncio.Sleep(ctx, 9*time.Second)
						want = time.Second
					}
				}
				if took := gone(t, client); took != want {
					t.Errorf("it was hung up on after %v, want %v", took, want)
				}
				if name != "half closed" {
					gone(t, server)
				}
				client.Close()
				server.Close()
				if !strings.Contains(l.log.String(), "nothing has moved for 10s") {
					t.Errorf("the log does not say why:\n%s", l.log)
				}
				if l.proxy.failed != 1 {
					t.Errorf("%d connections have failed, want 1", l.proxy.failed)
				}
			})
		})
	}
}

// Either side may vanish. The other is told, in time.
func TestOneSideVanishes(t *testing.T) {
	for name, c := range map[string]struct {
		vanish func(l *lab, c *aionet.Conn)
		after  time.Duration
	}{
		"reset":     {func(l *lab, c *aionet.Conn) { l.net.Reset(c) }, 0},
		"line cut":  {func(l *lab, c *aionet.Conn) { l.net.BlockConn(c) }, 10 * time.Second},
		"no answer": {func(*lab, *aionet.Conn) {}, 10 * time.Second},
	} {
		for side := range 2 {
			t.Run(fmt.Sprint(name, " ", []string{"client", "target"}[side]), func(t *testing.T) {
				inLab(t, "-idle 10s", func(ctx context.Context, l *lab) {
					client, server := l.pair(ctx, l.target(ctx))
					sides := [2]*aionet.Conn{client, server}
					c.vanish(l, sides[side])
					if took := gone(t, sides[1-side]); took != c.after {
						t.Errorf("the other side was told after %v, want %v", took, c.after)
					}
					client.Close()
					server.Close()
					l.numbers(1, 1, 0, 0, 0)
				})
			})
		}
	}
}

// A side that does not read holds up the other, and costs what buffers there are.
func TestASlowReader(t *testing.T) {
	const buffer, lent = 16 << 10, 64 << 10
	inLab(t, "-idle 10s", func(ctx context.Context, l *lab) {
		client, server := l.pair(ctx, l.target(ctx))
		text := random(1 << 20)
		sent := 0
		sending := asyncio.Go(ctx, func(context.Context) error {
			for sent < len(text) {
				n, err := server.Write(text[sent:min(sent+1000, len(text))])
				sent += n
				if err != nil {
					return err
				}
			}
			return server.CloseWrite()
		})
		asyncio.Sleep(ctx, 5*time.Second)
		if most := 2*buffer + lent; sent > most {
			t.Errorf("the proxy took %d bytes that nobody read, want %d at most", sent, most)
		}
		// A byte a second is slow, but it is not idle.
		var got []byte
		for range 60 {
			b := make([]byte, 1024)
			n, err := client.Read(b)
			if err != nil {
				t.Fatalf("after %d bytes: %v", len(got), err)
			}
			got = append(got, b[:n]...)
			asyncio.Sleep(ctx, time.Second)
		}
		rest, err := io.ReadAll(client)
		if got = append(got, rest...); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes came, %v; want the %d that were sent", len(got), err, len(text))
		}
		if _, err := sending.Await(ctx); err != nil {
			t.Error(err)
		}
		client.CloseWrite()
		hearEnd(t, server)
		client.Close()
		server.Close()
	}, asynciotest.Buffer(buffer))
}

// Who reads nothing at all is idle once all buffers are full.
func TestAReaderThatStops(t *testing.T) {
	inLab(t, "-idle 10s", func(ctx context.Context, l *lab) {
		client, server := l.pair(ctx, l.target(ctx))
		began := time.Now()
		if _, err := server.Write(random(1 << 20)); err == nil {
			t.Error("all was written, though nobody read it")
		}
		if took := time.Since(began); took < 10*time.Second || took > 12500*time.Millisecond {
			t.Errorf("it was given up after %v, want 10s to 12.5s", took) // it looks up four times in that time
		}
		client.Close()
		server.Close()
	})
}

// Both directions at once, in pieces of any size.
func TestAMegabyteOfGarbage(t *testing.T) {
	inLab(t, "", func(ctx context.Context, l *lab) {
		client, server := l.pair(ctx, l.target(ctx))
		up, down := random(1<<20), random(1<<20)
		send := func(to *aionet.Conn, text []byte) asyncio.Coroutine[[]byte] {
			return func(context.Context) ([]byte, error) {
				_, err := to.Write(text)
				return nil, errors.Join(err, to.CloseWrite())
			}
		}
		receive := func(from *aionet.Conn) asyncio.Coroutine[[]byte] {
			return func(context.Context) ([]byte, error) { return io.ReadAll(from) }
		}
		got, err := asyncio.Gather(ctx, send(client, up), send(server, down), receive(server), receive(client))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got[2], up) || !bytes.Equal(got[3], down) {
			t.Error("what came is not what was sent")
		}
		client.Close()
		server.Close()
		asyncio.Sleep(ctx, time.Second)
		l.numbers(1, 0, 0, 1<<20, 1<<20)
	}, asynciotest.Chunks(5000), asynciotest.Seed(3), asynciotest.Latency(0, time.Millisecond))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func TestMost(t *testing.T) {
	inLab(t, "-most 2", func(ctx context.Context, l *lab) {
		target := l.target(ctx)
		a, atA := l.pair(ctx, target)
		b, atB := l.pair(ctx, target)
		c := l.dial(ctx) // waits to be accepted
		say(t, c, "patience")
		asyncio.Sleep(ctx, 10*time.Second)
		if l.proxy.open != 2 || l.proxy.served != 2 {
			t.Errorf("%d connections open, %d served; want 2", l.proxy.open, l.proxy.served)
		}
		a.Close()
		hearEnd(t, atA)
		atA.Close()
		atC, err := target.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		hear(t, atC, "patience")
		for _, conn := range []*aionet.Conn{b, atB, c, atC} {
			conn.Close()
		}
	})
}

// At the end nobody new is accepted; who is there has time, and is cut then.
func TestTheEnd(t *testing.T) {
	inLab(t, "-drain 3s", func(ctx context.Context, l *lab) {
		target := l.target(ctx)
		quick, atQuick := l.pair(ctx, target)
		stays, atStays := l.pair(ctx, target)
		began := time.Now()
		l.end()
		asyncio.Sleep(ctx, time.Second)
		if _, err := aionet.Dial(ctx, "tcp", here); err == nil {
			t.Error("a connection was accepted after the end")
		}
		say(t, quick, "last words")
		hear(t, atQuick, "last words")
		quick.Close()
		hearEnd(t, atQuick)
		atQuick.Close()
		if _, err := l.done.Await(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("the end took %v, want the 3s of -drain", took)
		}
		gone(t, stays)
		gone(t, atStays)
		stays.Close()
		atStays.Close()
		l.numbers(2, 0, 1, int64(len("last words")), 0)
		if want := "interrupted: what is open has 3s to end; Ctrl-C again ends at once\n"; l.out.String() != want {
			t.Errorf("it printed %q, want %q", l.out, want)
		}
	})
}

// closer is a function that is called at the end.
type closer func() error

func (c closer) Close() error { return c() }

// Whatever a connection is at when time is up, it ends.
func TestTheEndInTheMiddle(t *testing.T) {
	for name, middle := range map[string]func(ctx context.Context, l *lab) (open []io.Closer){
		"connecting": func(ctx context.Context, l *lab) []io.Closer {
			l.target(ctx)
			c := l.dial(ctx)
			asyncio.Sleep(ctx, 2*time.Millisecond) // it has arrived, and its own connection is on the way
			l.net.BlockAll()
			return []io.Closer{c}
		},
		"writing": func(ctx context.Context, l *lab) []io.Closer {
			client, server := l.pair(ctx, l.target(ctx))
			writing := asyncio.Go(ctx, func(context.Context) error {
				_, err := server.Write(random(1 << 20))
				return err
			})
			return []io.Closer{client, server, closer(func() error {
				if _, err := writing.Await(ctx); err == nil {
					l.t.Error("all was written, though nobody read it")
				}
				return nil
			})}
		},
		"half closed": func(ctx context.Context, l *lab) []io.Closer {
			client, server := l.pair(ctx, l.target(ctx))
			server.CloseWrite()
			return []io.Closer{client, server}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, "-drain 3s", func(ctx context.Context, l *lab) {
				open := middle(ctx, l)
				asyncio.Sleep(ctx, time.Second)
				began := time.Now()
				l.end()
				if _, err := l.done.Await(ctx); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("the end took %v, want the 3s of -drain", took)
				}
				if l.proxy.cut != 1 {
					t.Errorf("%d connections were cut, want 1", l.proxy.cut)
				}
				for _, c := range open {
					c.Close()
				}
			}, asynciotest.Latency(time.Millisecond, time.Millisecond))
		})
	}
}

func TestReports(t *testing.T) {
	inLab(t, "-report 5s", func(ctx context.Context, l *lab) {
		client, server := l.pair(ctx, l.target(ctx))
		say(t, client, strings.Repeat("x", 12345))
		hear(t, server, strings.Repeat("x", 12345))
		asyncio.Sleep(ctx, 2*time.Second)
		time.Sleep(123 * time.Millisecond) // stops the loop, which is what the heart is there for
		asyncio.Sleep(ctx, 8*time.Second)
		client.Close()
		hearEnd(t, server)
		server.Close()
		lines := strings.SplitAfter(l.out.String(), "\n")
		want := []string{
			"at worst 123.0 ms late; connections: 1 open, 1 in all, 0 failed, 0 cut; 12.3 kB up, 0 bytes down\n",
			"at worst 0.0 ms late; connections: 1 open, 1 in all, 0 failed, 0 cut; 12.3 kB up, 0 bytes down\n",
		}
		if len(lines) < 2 || lines[0] != want[0] || lines[1] != want[1] {
			t.Errorf("it printed\n%s\nwant\n%s", l.out, strings.Join(want, ""))
		}
	})
}

// stuck is a terminal that takes nothing until it is let go.
type stuck chan struct{}

func (s stuck) Write(p []byte) (int, error) {
	<-s
	return len(p), nil
}

// Nothing that is printed holds up what passes, or the end.
func TestAStuckTerminal(t *testing.T) {
	inLab(t, "-report 1s -drain 2s", func(ctx context.Context, l *lab) {
		terminal := make(stuck)
		defer close(terminal)
		l.proxy.out = terminal
		asyncio.Sleep(ctx, 10*time.Second)
		client, server := l.pair(ctx, l.target(ctx))
		say(t, client, "still there?")
		hear(t, server, "still there?")
		client.Close()
		hearEnd(t, server)
		server.Close()
		l.end()
		if _, err := l.done.Await(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 12345: "12.3 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 5_000_000_000: "5.0 GB", 1<<63 - 1: "9.2 EB",
	} {
		if got := size(n); got != want {
			t.Errorf("size(%d) is %q, want %q", n, got, want)
		}
	}
}
