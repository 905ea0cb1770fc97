package asynciotest_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// greet is the server under test: it answers each line, and gives up a client that says
// nothing for a minute.
func greet(_ context.Context, c *aionet.Conn) error {
	for lines := bufio.NewReader(c); ; {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		name, err := lines.ReadString('\n')
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				fmt.Fprintln(c, "good bye")
				return nil
			}
			return err
		}
		fmt.Fprintf(c, "hello, %s", name)
	}
}

// A server is tested as it is, through aionet, and no socket is opened. The time-out of
// a minute takes no time.
func ExampleNetwork() {
	TestGreet := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "greeter:7000")
			if err != nil {
				t.Fatal(err)
			}
			asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, greet) })

			c, err := aionet.Dial(ctx, "tcp", "greeter:7000")
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			fmt.Fprintln(c, "Ada")
			for lines := bufio.NewScanner(c); lines.Scan(); {
				fmt.Println(lines.Text(), "after", time.Since(began))
			}
			if err := l.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		})
	}

	goTest("TestGreet", TestGreet)
	// Output:
	// hello, Ada after 0s
	// good bye after 1m0s
	// PASS: TestGreet
}

// On a network with a latency of 10 ms, that tears messages apart, the server still
// answers after one round trip. Then the connection is reset under it.
func ExampleWithNetwork() {
	n := asynciotest.NewNetwork(asynciotest.Latency(10*time.Millisecond, 10*time.Millisecond), asynciotest.Chunks(3))

	TestReset := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			client, server := asynciotest.Pipe(ctx)
			handler := asyncio.Go(ctx, func(ctx context.Context) error { return greet(ctx, server) })

			began := time.Now()
			fmt.Fprintln(client, "Ada")
			answer, _ := bufio.NewReader(client).ReadString('\n')
			fmt.Printf("%q after %v\n", answer, time.Since(began))

			n.Reset(client)
			_, err := handler.Await(ctx)
			fmt.Println(errors.Is(err, syscall.ECONNRESET))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestReset", TestReset)
	// Output:
	// "hello, Ada\n" after 20ms
	// true
	// PASS: TestReset
}
