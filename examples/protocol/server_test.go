package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

var small = config{addr: "localhost:7070", maxLine: 100, idle: time.Minute, maxConns: 100, maxKeys: 3}

// virtually runs body beside a server, over a network in memory and in virtual time.
func virtually(t *testing.T, body func(ctx context.Context, t *testing.T, s *server)) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		s, stop := newServer(small), make(chan struct{})
		listens := asyncio.NewFuture[net.Addr](ctx)
		serving := asyncio.Go(ctx, func(ctx context.Context) error {
			return s.serve(ctx, stop, func(a net.Addr) { listens.SetResult(a) })
		})
		if _, err := listens.Await(ctx); err != nil {
			t.Fatal(err)
		}
		body(ctx, t, s)
		close(stop)
		if _, err := serving.Await(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
		if len(s.clients) != 0 {
			t.Errorf("%d clients are left", len(s.clients))
		}
	})
}

func dial(ctx context.Context, t *testing.T) *aionet.Conn {
	t.Helper()
	c, err := aionet.Dial(ctx, "tcp", small.addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// talk sends each request and compares the answer.
func talk(t *testing.T, c net.Conn, dialogue ...string) {
	t.Helper()
	r := bufio.NewReader(c)
	for i := 0; i < len(dialogue); i += 2 {
		fmt.Fprintf(c, "%s\r\n", dialogue[i])
		answer, err := r.ReadString('\n')
		if err != nil || answer != dialogue[i+1]+"\n" {
			t.Fatalf("%s: %q, %v; want %q", dialogue[i], answer, err, dialogue[i+1])
		}
	}
}

func TestDialogue(t *testing.T) {
	virtually(t, func(ctx context.Context, t *testing.T, s *server) {
		const usage = "ERROR expected SET key value, GET key, DEL key, STATS or QUIT"
		a, b := dial(ctx, t), dial(ctx, t)
		talk(t, a, "GET x", "NONE", "SET x 1 and more", "OK", "GET x", "VALUE 1 and more")
		talk(t, b, "GET x", "VALUE 1 and more", "DEL x", "OK", "DEL x", "NONE") // shared
		talk(t, a, "GET x", "NONE", "SET x ", "OK", "GET x", "VALUE ",
			"SET y 2", "OK", "SET z 3", "OK", "SET more 4", "ERROR too many keys", "SET y 5", "OK",
			"", usage, "get x", usage, "SET", usage, "SET x", usage, "GET", usage, "GET x y", usage, "STATS x", usage,
			"STATS", "STATS clients=2 served=2 requests=21 errors=8 keys=3 idle=0 lost=0 bytes=165", "QUIT", "BYE")
		if _, err := a.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after QUIT: %v, want io.EOF", err)
		}
		a.Close()
		b.Close()
	})
}

// Requests may come in any pieces, all at once, and the end right after them.
func TestPipelining(t *testing.T) {
	virtually(t, func(ctx context.Context, t *testing.T, s *server) {
		c := dial(ctx, t)
		io.WriteString(c, "SET a 1\nSET b 2\nGET a\nGE")
		io.WriteString(c, "T b\nGET c\nunfinished")
		c.CloseWrite()
		got, err := io.ReadAll(c)
		if want := "OK\nOK\nVALUE 1\nVALUE 2\nNONE\n"; string(got) != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
		c.Close()
	})
}

// Who asks much at once gets all the answers, and the others their turns meanwhile.
func TestMuchAtOnce(t *testing.T) {
	virtually(t, func(ctx context.Context, t *testing.T, s *server) {
		const all = 5000
		c := dial(ctx, t)
		answers := asyncio.Go(ctx, func(context.Context) error {
			got, err := io.ReadAll(c)
			if want := strings.Repeat("NONE\n", all); string(got) != want || err != nil {
				t.Errorf("%d bytes of answers, %v; want %d", len(got), err, len(want))
			}
			return nil
		})
		io.WriteString(c, strings.Repeat("GET x\n", all))
		c.CloseWrite()
		before := 0
		for s.stats.requests < all {
			if err := asyncio.Sleep(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if n := s.stats.requests - before; n > turn {
				t.Fatalf("%d requests were handled in one turn, want %d at most", n, turn)
			}
			before = s.stats.requests
		}
		answers.Await(ctx)
		c.Close()
	})
}

func TestSilentClients(t *testing.T) {
	virtually(t, func(ctx context.Context, t *testing.T, s *server) {
		begin := time.Now()
		silent, dribbling, busy := dial(ctx, t), dial(ctx, t), dial(ctx, t)
		dribble := asyncio.Go(ctx, func(ctx context.Context) error {
			for {
				if _, err := dribbling.Write([]byte("x")); err != nil {
					return nil
				}
				if err := asyncio.Sleep(ctx, time.Second); err != nil {
					return err
				}
			}
		})
		work := asyncio.Go(ctx, func(ctx context.Context) error {
			for range 5 {
				talk(t, busy, "GET x", "NONE")
				if err := asyncio.Sleep(ctx, small.idle-time.Second); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []*aionet.Conn{silent, dribbling} {
			if got, err := io.ReadAll(c); string(got) != "BYE idle\n" && !errors.Is(err, net.ErrClosed) {
				t.Errorf("read %q, %v", got, err)
			}
			if took := time.Since(begin); took != small.idle {
				t.Errorf("told after %v, want %v", took, small.idle)
			}
			c.Close()
		}
		for _, task := range []*asyncio.Task[struct{}]{dribble, work} {
			if _, err := task.Await(ctx); err != nil {
				t.Error(err)
			}
		}
		if s.stats.idle != 2 {
			t.Errorf("%d clients counted idle, want 2", s.stats.idle)
		}
		busy.Close()
	})
}

// A client that asks and asks and never reads is answered until nothing more fits, and
// in the end cut off.
func TestDeafClient(t *testing.T) {
	virtually(t, func(ctx context.Context, t *testing.T, s *server) {
		c := dial(ctx, t)
		value := strings.Repeat("v", 90)
		talk(t, c, "SET x "+value, "OK")
		begin := time.Now()
		asked := []byte(strings.Repeat("GET x\n", 10_000))
		var err error
		for err == nil {
			_, err = c.Write(asked)
			for each := range s.clients {
				if n := each.t.WriteBufferSize(); n > 64<<10+200 {
					t.Errorf("%d bytes of answers are buffered", n)
				}
				if n := len(each.in.rest); n > 64<<10+small.maxLine {
					t.Errorf("%d bytes of requests are buffered", n)
				}
			}
		}
		if took, want := time.Since(begin), small.idle+lastWord; took != want {
			t.Errorf("cut off after %v, want %v", took, want)
		}
		if s.stats.requests > 10_000 {
			t.Errorf("%d requests were handled for nobody", s.stats.requests)
		}
		c.Close()
		talk2 := dial(ctx, t)
		talk(t, talk2, "GET x", "VALUE "+value)
		talk2.Close()
	})
}

// A megabyte of garbage ends the connection that sent it, and nothing else.
func TestGarbage(t *testing.T) {
	noise := rand.NewChaCha8([32]byte{7})
	random := make([]byte, 1<<20)
	noise.Read(random)
	for name, garbage := range map[string][]byte{
		"random":      random,
		"no line":     []byte(strings.Repeat("x", 1<<20)),
		"empty lines": []byte(strings.Repeat("\n", 1<<20)),
		"zeros":       make([]byte, 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			virtually(t, func(ctx context.Context, t *testing.T, s *server) {
				good, bad := dial(ctx, t), dial(ctx, t)
				talk(t, good, "SET x 1", "OK")
				asyncio.Go(ctx, func(ctx context.Context) error {
					bad.Write(garbage) // fails when the server has had enough
					return nil
				})
				got, _ := io.ReadAll(bad) // ends
				if n := strings.Count(string(got), "\n"); n > mostErrors {
					t.Errorf("%d answers, want at most %d", n, mostErrors)
				}
				bad.Close()
				talk(t, good, "GET x", "VALUE 1")
				good.Close()
			})
		})
	}
}

// Over a socket, as users meet it, and with the order at the end.
func TestOverASocket(t *testing.T) {
	cfg := small
	cfg.addr = "127.0.0.1:0"
	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	addr, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- run(stop, cfg, func(a net.Addr) { addr <- a.String() }) }()
	var where string
	select {
	case where = <-addr:
	case err := <-ended:
		t.Fatal(err)
	}
	var conns []net.Conn
	for i := range 10 {
		c, err := net.Dial("tcp", where)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(2 * time.Minute))
		talk(t, c, fmt.Sprintf("SET x %d", i), "OK", "GET x", fmt.Sprintf("VALUE %d", i))
		conns = append(conns, c)
	}
	cancel()
	for _, c := range conns {
		if got, err := io.ReadAll(c); string(got) != "BYE server stops\n" || err != nil {
			t.Errorf("at the end: %q, %v", got, err)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, change := range map[string]func(*config){
		"-line 15: must be at least 16": func(c *config) { c.maxLine = 15 },
		"-idle 0s: must be more than 0": func(c *config) { c.idle = 0 },
		"-conns 0: must be at least 1":  func(c *config) { c.maxConns = 0 },
		"-keys -1: must be at least 1":  func(c *config) { c.maxKeys = -1 },
	} {
		c := small
		change(&c)
		if err := c.check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := small.check(); err != nil {
		t.Error(err)
	}
}
