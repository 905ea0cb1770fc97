package asynciotest_test

import (
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

// echo answers every byte.
func echo(_ context.Context, c *aionet.Conn) error {
	_, err := io.Copy(c, c)
	return err
}

// serve starts a server and returns its address. It ends with the test's body.
func serve(ctx context.Context, t *testing.T, addr string, handler func(context.Context, *aionet.Conn) error, opts ...aionet.ListenOption) *aionet.Listener {
	t.Helper()
	l, err := aionet.Listen(ctx, "tcp", addr, opts...)
	if err != nil {
		t.Fatal(err)
	}
	asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, handler) })
	return l
}

func dial(ctx context.Context, t *testing.T, addr string) *aionet.Conn {
	t.Helper()
	c, err := aionet.Dial(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRoundTripTakesTwiceTheLatency(t *testing.T) {
	n := asynciotest.NewNetwork(asynciotest.Latency(10*time.Millisecond, 10*time.Millisecond))
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		began := time.Now()
		took := func(what string, want time.Duration) {
			t.Helper()
			if d := time.Since(began); d != want {
				t.Errorf("%s took %v of virtual time, want exactly %v", what, d, want)
			}
			began = time.Now()
		}
		l := serve(ctx, t, "localhost:7000", echo)
		took("listening", 0)
		c := dial(ctx, t, "localhost:7000")
		took("dialling", 20*time.Millisecond)
		for range 3 {
			fmt.Fprint(c, "ping")
			took("writing", 0)
			if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
			took("the round trip", 20*time.Millisecond)
		}
		c.CloseWrite()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the other side closed Read returned %v, want io.EOF", err)
		}
		took("the round trip of the end", 20*time.Millisecond)
		if _, err := aionet.Dial(ctx, "tcp", "localhost:1"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialling where nobody listens gave %v, want ECONNREFUSED", err)
		}
		took("being refused", 20*time.Millisecond)
		l.Shutdown(ctx)
	}, asynciotest.WithNetwork(n))
}

func TestPipe(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, b := asynciotest.Pipe(ctx)
		writer := asyncio.Go(ctx, func(context.Context) error {
			defer a.Close()
			_, err := a.Write(make([]byte, 1<<20))
			return err
		})
		n, err := io.Copy(io.Discard, b)
		if n != 1<<20 || err != nil {
			t.Errorf("a megabyte through a pipe: %d bytes arrived, error %v", n, err)
		}
		if _, err := writer.Await(ctx); err != nil {
			t.Error(err)
		}
	})
}
