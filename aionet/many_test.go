//go:build linux

package aionet_test

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Thousands of connections at once, on one loop, with one thread of control.

func TestThousandsOfConnections(t *testing.T) {
	n := 5000
	if portable || testing.Short() {
		n = 500
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	soft := limit.Cur
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit.Cur = soft
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	})
	n = min(n, int(limit.Cur-200)/2)
	onLoop(t, func(ctx context.Context) {
		threads := threadCount()
		conns := make([]*aionet.Conn, 0, 2*n)
		for range n {
			f, g := socketpair(t, syscall.SOCK_STREAM)
			conns = append(conns, adopt(ctx, t, f), adopt(ctx, t, g))
		}
		goroutines := runtime.NumGoroutine()
		echoes := 0
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for i := range n {
				asyncio.Go(ctx, func(context.Context) error {
					p := make([]byte, 2)
					for {
						if _, err := conns[2*i+1].Read(p); err != nil {
							return conns[2*i+1].Close()
						}
						echoes++
						if _, err := conns[2*i+1].Write(p); err != nil {
							return err
						}
					}
				})
			}
			asyncio.Sleep(ctx, 0)
			asyncio.Sleep(ctx, 0)
			if got := runtime.NumGoroutine() - goroutines; !portable && got > n+10 {
				t.Errorf("%d goroutines for %d waiting tasks", got, n)
			}
			for round := range 3 {
				for i := range n {
					if _, err := conns[2*i].Write([]byte{byte(round), byte(i)}); err != nil {
						return err
					}
				}
				p := make([]byte, 2)
				for i := range n {
					if _, err := conns[2*i].Read(p); err != nil || p[0] != byte(round) || p[1] != byte(i) {
						t.Fatalf("connection %d got %v, %v", i, p, err)
					}
				}
			}
			for i := range n {
				shut(t, conns[2*i])
			}
			return nil
		})
		if err != nil || echoes != 3*n {
			t.Errorf("%d echoes, %v; want %d", echoes, err, 3*n)
		}
		if got := threadCount(); !portable && got > threads+10 {
			t.Errorf("%d threads, %d before", got, threads)
		}
	})
}

// threadCount counts the threads of the process.
func threadCount() int {
	threads, _ := os.ReadDir("/proc/self/task")
	return len(threads)
}

// A server of a thousand clients.
func TestAThousandClients(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		const n = 1000
		most, present := 0, 0
		l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			present++
			most = max(most, present)
			defer func() { present-- }()
			return echo(ctx, c)
		})
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			all := asyncio.NewBarrier(n)
			for range n {
				asyncio.Go(ctx, func(ctx context.Context) error {
					c, err := aionet.Dial(ctx, "tcp", l.Addr().String())
					if err != nil {
						return err
					}
					defer c.Close()
					for range 3 {
						write(t, c, "hello")
						wantRead(t, c, "hello")
						if _, err := all.Wait(ctx); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		})
		if err != nil || most != n {
			t.Errorf("%d were there at once, %v", most, err)
		}
		end()
	})
}
