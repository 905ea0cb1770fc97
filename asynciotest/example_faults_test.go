package asynciotest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A function that takes a connection is tested without a listener.
func ExamplePipe() {
	TestGreet := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			client, server := asynciotest.Pipe(ctx)
			handler := asyncio.Go(ctx, func(ctx context.Context) error { return greet(ctx, server) })
			fmt.Fprintln(client, "Ada")
			answer, err := bufio.NewReader(client).ReadString('\n')
			fmt.Printf("%q %v\n", answer, err)
			client.Close()
			_, err = handler.Await(ctx)
			fmt.Println(err)
		})
	}

	goTest("TestGreet", TestGreet)
	// Output:
	// "hello, Ada\n" <nil>
	// EOF
	// PASS: TestGreet
}

// A client that tries again is tested with a server that is not there at first.
func ExampleNetwork_RefuseAddr() {
	n := asynciotest.NewNetwork()

	TestRefused := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "db:5432")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			n.RefuseAddr("db:5432")
			_, err = aionet.Dial(ctx, "tcp", "db:5432")
			fmt.Println(errors.Is(err, syscall.ECONNREFUSED))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestRefused", TestRefused)
	// Output:
	// true
	// PASS: TestRefused
}

// The server comes back after ten seconds.
func ExampleNetwork_AllowAddr() {
	n := asynciotest.NewNetwork()

	TestComesBack := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "db:5432")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			n.RefuseAddr("db:5432")
			asyncio.LoopOf(ctx).CallLater(10*time.Second, func() { n.AllowAddr("db:5432") })

			for attempt := 1; ; attempt++ {
				c, err := aionet.Dial(ctx, "tcp", "db:5432")
				if err == nil {
					c.Close()
					fmt.Println("attempt", attempt)
					return
				}
				if err := asyncio.Sleep(ctx, 3*time.Second); err != nil {
					t.Fatal(err)
				}
			}
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestComesBack", TestComesBack)
	// Output:
	// attempt 5
	// PASS: TestComesBack
}

// The cable is pulled: neither side is told, so the server's own time-out has to do.
func ExampleNetwork_BlockConn() {
	n := asynciotest.NewNetwork()

	TestHalfOpen := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			client, server := asynciotest.Pipe(ctx)
			fmt.Println("blocked:", n.BlockConn(client))
			fmt.Fprintln(client, "Ada")
			began := time.Now()
			err := greet(ctx, server)
			fmt.Println("greet returned", err, "after", time.Since(began))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestHalfOpen", TestHalfOpen)
	// Output:
	// blocked: true
	// greet returned <nil> after 1m0s
	// PASS: TestHalfOpen
}

// What was held up arrives when the cable is back.
func ExampleNetwork_UnblockConn() {
	n := asynciotest.NewNetwork()

	TestLate := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, b := asynciotest.Pipe(ctx)
			n.BlockConn(a)
			asyncio.LoopOf(ctx).CallLater(30*time.Second, func() { n.UnblockConn(a) })
			fmt.Fprintln(a, "hello")
			began := time.Now()
			line, err := bufio.NewReader(b).ReadString('\n')
			fmt.Printf("%q %v after %v\n", line, err, time.Since(began))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestLate", TestLate)
	// Output:
	// "hello\n" <nil> after 30s
	// PASS: TestLate
}

// With no network at all a client gives up after its own time-out.
func ExampleNetwork_BlockAll() {
	n := asynciotest.NewNetwork()

	TestGivesUp := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "db:5432")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			n.BlockAll()
			limited, cancel := asyncio.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			_, err = aionet.Dial(limited, "tcp", "db:5432")
			fmt.Println(err)
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestGivesUp", TestGivesUp)
	// Output:
	// dial tcp db:5432: context deadline exceeded
	// PASS: TestGivesUp
}

// Who dials meanwhile gets through when the network is back.
func ExampleNetwork_UnblockAll() {
	n := asynciotest.NewNetwork()

	TestGetsThrough := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "db:5432")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			n.BlockAll()
			asyncio.LoopOf(ctx).CallLater(20*time.Second, n.UnblockAll)
			c, err := aionet.Dial(ctx, "tcp", "db:5432")
			fmt.Println(err)
			if err == nil {
				c.Close()
			}
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestGetsThrough", TestGetsThrough)
	// Output:
	// <nil>
	// PASS: TestGetsThrough
}

// A reset is an error on both sides, as on a socket.
func ExampleNetwork_Reset() {
	n := asynciotest.NewNetwork()

	TestReset := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, b := asynciotest.Pipe(ctx)
			n.Reset(a)
			_, err := io.ReadAll(a)
			fmt.Println(errors.Is(err, syscall.ECONNRESET))
			_, err = io.ReadAll(b)
			fmt.Println(errors.Is(err, syscall.ECONNRESET))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestReset", TestReset)
	// Output:
	// true
	// true
	// PASS: TestReset
}

// What wraps a connection names it as well.
func ExampleConn() {
	type session struct {
		*aionet.Conn
		user string
	}
	n := asynciotest.NewNetwork()

	TestSession := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, _ := asynciotest.Pipe(ctx)
			var s asynciotest.Conn = session{a, "Ada"}
			fmt.Println(n.Reset(s))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestSession", TestSession)
	// Output:
	// true
	// PASS: TestSession
}
