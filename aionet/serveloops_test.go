//go:build unix

package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A serverCall is a call of ServeLoops that runs in a goroutine.
type serverCall struct {
	network, addr string
	cancel        context.CancelCauseFunc
	ended         chan struct{}
	err           error
	thrown        any
}

// launch calls ServeLoops or its like, and waits until it listens. It fails if
// anything is left at the end.
func launch(t *testing.T, network string, opts []aionet.ListenOption, call func(ctx context.Context, addr string, opts ...aionet.ListenOption) error) *serverCall {
	t.Helper()
	noLeaks(t)
	f := &serverCall{network: network, ended: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(t.Context())
	f.cancel = cancel
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	listens := make(chan string, 1)
	go func() {
		defer close(f.ended)
		defer func() { f.thrown = recover() }()
		f.err = call(ctx, addr, append(opts, aionet.OnListen(func(a net.Addr) { listens <- a.String() }))...)
	}()
	select {
	case f.addr = <-listens:
	case <-f.ended:
		t.Fatalf("it ended: %v, panic %v", f.err, f.thrown)
	}
	t.Cleanup(func() {
		cancel(nil)
		<-f.ended
	})
	return f
}

func (f *serverCall) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial(f.network, f.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(guard))
	return c
}

func handlers(n int, network string, handler func(ctx context.Context, c *aionet.Conn) error) func(ctx context.Context, addr string, opts ...aionet.ListenOption) error {
	return func(ctx context.Context, addr string, opts ...aionet.ListenOption) error {
		return aionet.ServeLoops(ctx, n, network, addr, handler, opts...)
	}
}

// Both ways of sharing an address: a listener for each loop, and one that deals.
func eachNetwork(t *testing.T, body func(t *testing.T, network string)) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) { body(t, network) })
	}
}

func TestServeLoops_UsesAllLoops(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		var mu sync.Mutex
		served := map[*asyncio.Loop]int{}
		f := launch(t, network, nil, handlers(3, network, func(ctx context.Context, c *aionet.Conn) error {
			mu.Lock()
			served[asyncio.LoopOf(ctx)]++
			mu.Unlock()
			_, err := io.Copy(c, c)
			return err
		}))
		const clients = 60
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				c := f.dial(t)
				defer c.Close()
				fmt.Fprintf(c, "hello %d\n", i)
				if line, err := bufio.NewReader(c).ReadString('\n'); line != fmt.Sprintf("hello %d\n", i) {
					t.Errorf("read %q, %v", line, err)
				}
			})
		}
		all.Wait()
		f.cancel(nil)
		<-f.ended
		if f.err != nil || f.thrown != nil {
			t.Errorf("ServeLoops: %v, panic %v", f.err, f.thrown)
		}
		total := 0
		for _, n := range served {
			total += n
		}
		if total != clients || len(served) != 3 {
			t.Errorf("served: %v, want %d by 3 loops", served, clients)
		}
	})
}

// What all loops share lives on one: tasks of the others await its tasks, no lock.
func TestServeLoopsAwaitEachOther(t *testing.T) {
	books := asyncio.NewLoop()
	stop := make(chan struct{})
	kept := make(chan error, 1)
	go func() {
		kept <- books.Run(t.Context(), func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, stop)
			return err
		})
	}()
	total := 0 // of the books' loop
	f := launch(t, "tcp", nil, handlers(2, "tcp", func(ctx context.Context, c *aionet.Conn) error {
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			now, err := asyncio.Submit(books, func(ctx context.Context) (int, error) {
				seen := total
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return 0, err
				}
				total++
				return seen, nil
			}).Await(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(c, "%d\n", now)
		}
		return lines.Err()
	}))
	var all sync.WaitGroup
	const clients, each = 8, 50
	for range clients {
		all.Go(func() {
			c := f.dial(t)
			defer c.Close()
			r := bufio.NewReader(c)
			for range each {
				fmt.Fprintln(c, "one more")
				if _, err := r.ReadString('\n'); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	f.cancel(nil)
	<-f.ended
	close(stop)
	if err := <-kept; err != nil || f.err != nil {
		t.Errorf("Run: %v; ServeLoops: %v", err, f.err)
	}
	if total != clients*each {
		t.Errorf("counted %d, want %d", total, clients*each)
	}
}

func TestServeLoops_ShutsDownGracefully(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		started := make(chan struct{}, 1<<20) // room for those that only look whether it listens
		f := launch(t, network, nil, handlers(2, network, func(ctx context.Context, c *aionet.Conn) error {
			started <- struct{}{}
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil {
				return err
			}
			_, err = io.WriteString(c, "done with "+line)
			return err
		}))
		clients := []net.Conn{f.dial(t), f.dial(t), f.dial(t), f.dial(t)}
		for range clients {
			<-started
		}
		f.cancel(nil)
		for { // it does not listen any more
			c, err := net.Dial(network, f.addr)
			if err != nil {
				break
			}
			c.Close()
		}
		for _, c := range clients {
			fmt.Fprintln(c, "work")
			if reply, err := io.ReadAll(c); string(reply) != "done with work\n" {
				t.Errorf("read %q, %v", reply, err)
			}
			c.Close()
		}
		<-f.ended
		if f.err != nil {
			t.Errorf("ServeLoops: %v", f.err)
		}
	})
}

// At shutdown the connections in the accept backlog are served.
func TestServeLoops_ServesTheBacklog(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		const loops, clients = 2, 10
		started, leave := make(chan struct{}, clients), make(chan struct{})
		f := launch(t, network, []aionet.ListenOption{aionet.MaxConns(1)}, handlers(loops, network, func(ctx context.Context, c *aionet.Conn) error {
			started <- struct{}{}
			if _, _, err := asyncio.Recv(ctx, leave); err != nil {
				return err
			}
			_, err := io.WriteString(c, "served")
			return err
		}))
		var waiting []net.Conn
		for range clients {
			waiting = append(waiting, f.dial(t))
		}
		<-started
		f.cancel(nil)
		close(leave)
		for i, c := range waiting {
			if reply, err := io.ReadAll(c); string(reply) != "served" {
				t.Errorf("client %d reads %q, %v", i, reply, err)
			}
			c.Close()
		}
		<-f.ended
		if f.err != nil || f.thrown != nil {
			t.Errorf("ServeLoops: %v, panic %v", f.err, f.thrown)
		}
	})
}

func TestServeLoopsCancelsAfterGrace(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		started := make(chan struct{})
		f := launch(t, network, []aionet.ListenOption{aionet.Grace(0)}, handlers(2, network, func(ctx context.Context, c *aionet.Conn) error {
			close(started)
			_, err := c.Read(make([]byte, 1))
			return err
		}))
		c := f.dial(t)
		defer c.Close()
		<-started
		f.cancel(nil)
		<-f.ended
		if !errors.Is(f.err, context.DeadlineExceeded) || !strings.Contains(f.err.Error(), "handlers that had not ended after 0s") {
			t.Errorf("ServeLoops: %v", f.err)
		}
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is open still")
		}
	})
}

func TestServeLoopsMaxConns(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		var mu sync.Mutex
		now, peak := map[*asyncio.Loop]int{}, 0
		f := launch(t, network, []aionet.ListenOption{aionet.MaxConns(2)}, handlers(2, network, func(ctx context.Context, c *aionet.Conn) error {
			l := asyncio.LoopOf(ctx)
			mu.Lock()
			now[l]++
			peak = max(peak, now[l])
			mu.Unlock()
			_, err := io.Copy(c, c)
			mu.Lock()
			now[l]--
			mu.Unlock()
			return err
		}))
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				c := f.dial(t)
				defer c.Close()
				io.WriteString(c, "x")
				if _, err := c.Read(make([]byte, 1)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		f.cancel(nil)
		<-f.ended
		if peak > 2 {
			t.Errorf("%d handlers at once on a loop, want at most 2", peak)
		}
	})
}

func TestServeLoops_Panic(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		boom := errors.New("boom")
		f := launch(t, network, nil, handlers(2, network, func(ctx context.Context, c *aionet.Conn) error {
			asyncio.Go(ctx, func(context.Context) error { panic(boom) }) // not the handler itself
			return asyncio.Sleep(ctx, time.Hour)
		}))
		c := f.dial(t)
		defer c.Close()
		<-f.ended
		if err, _ := f.thrown.(error); !errors.Is(err, boom) {
			t.Errorf("panic %v, error %v; want the task's panic", f.thrown, f.err)
		}
	})
}

func TestServeLoops_Misuse(t *testing.T) {
	nothing := func(context.Context, *aionet.Conn) error { return nil }
	ctx := t.Context()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var op *net.OpError
	for _, n := range []int{1, 2} {
		if err := aionet.ServeLoops(ctx, n, "tcp", taken.Addr().String(), nothing); !errors.As(err, &op) {
			t.Errorf("%d loops at an address in use: %v", n, err)
		}
	}
	taken.Close()
	other := launch(t, "tcp", nil, handlers(2, "tcp", nothing))
	if err := aionet.ServeLoops(ctx, 2, "tcp", other.addr, nothing); !errors.As(err, &op) {
		t.Errorf("at the address of another ServeLoops: %v", err)
	}
	other.cancel(nil)
	<-other.ended
	if err := aionet.ServeLoops(ctx, 2, "udp", "127.0.0.1:0", nothing); err == nil {
		t.Error("over udp: no error")
	}
	if err := aionet.ServeLoops(ctx, -1, "tcp", "127.0.0.1:0", nothing); err == nil {
		t.Error("-1 loops: no error")
	}
	if err := aionet.ServeLoops(ctx, 1, "tcp", "127.0.0.1:0", nil); err == nil {
		t.Error("nil handler: no error")
	}
	if err := aionet.ServeProtocolLoops(ctx, 1, "tcp", "127.0.0.1:0", nil); err == nil {
		t.Error("nil factory: no error")
	}
	onWire(t, func(ctx context.Context) error {
		if err := aionet.ServeLoops(ctx, 1, "tcp", "127.0.0.1:0", nothing); !errors.Is(err, asyncio.ErrNoLoop) {
			t.Errorf("in a task: %v", err)
		}
		limited, cancel := context.WithCancel(ctx)
		_, err := asyncio.ToThread(limited, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, aionet.ServeLoops(ctx, 1, "tcp", "127.0.0.1:0", nothing, aionet.OnListen(func(net.Addr) { cancel() }))
		})
		if err != nil {
			t.Errorf("in a thread: %v", err)
		}
		return nil
	})
}

func TestServeProtocolLoops(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		f := launch(t, network, nil, func(ctx context.Context, addr string, opts ...aionet.ListenOption) error {
			return aionet.ServeProtocolLoops(ctx, 2, network, addr, func() aionet.Protocol {
				return &script{got: func(s *script, data []byte) { s.t.Write(data) }}
			}, opts...)
		})
		for range 10 {
			c := f.dial(t)
			io.WriteString(c, "echo")
			reply := make([]byte, 4)
			if _, err := io.ReadFull(c, reply); err != nil || string(reply) != "echo" {
				t.Errorf("read %q, %v", reply, err)
			}
			c.Close()
		}
		f.cancel(nil)
		<-f.ended
		if f.err != nil {
			t.Errorf("ServeProtocolLoops: %v", f.err)
		}
	})
}

// The error for a network without streams does not depend on the number of loops.
func TestServeLoops_unknownNetwork(t *testing.T) {
	for _, n := range []int{1, 2} {
		err := aionet.ServeLoops(t.Context(), n, "udp", "127.0.0.1:0", func(context.Context, *aionet.Conn) error { return nil })
		var unknown net.UnknownNetworkError
		if !errors.As(err, &unknown) {
			t.Errorf("%d loops: %v", n, err)
		}
	}
}
