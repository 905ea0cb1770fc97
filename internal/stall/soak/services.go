//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
	"github.com/asyncio-go/asyncio/procpool"
)

// A service is a healthy program: its steps and its turns are short. It runs until over returns
// true, and calls step after each unit of work.
type service func(ctx context.Context, over func() bool, step func()) error

var services = map[string]service{
	"http": serveHTTP, "lines": serveLines, "timers": serveTimers, "threads": serveThreads, "processes": serveProcesses, "groups": serveGroups,
}

const (
	clients = 40
	queued  = 10 // capacity of the queue
)

// crunch is a job for a worker. It takes about as long as a threshold.
var crunch = asyncio.Register("soak.crunch", func(_ context.Context, n int) (int, error) {
	compute(n)
	return n, nil
})

const crunchUnits = 2000

// serveHTTP answers requests of clients in the process. Each answer has a short await.
func serveHTTP(ctx context.Context, over func() bool, step func()) error {
	s := httptest.NewServer(aiohttp.Handler(asyncio.LoopOf(ctx), func(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
		compute(1)
		step()
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		_, err := io.WriteString(w, "well")
		return err
	}))
	err := load(ctx, func() error {
		for !over() {
			answer, err := s.Client().Get(s.URL)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if err != nil {
				return err
			}
		}
		return nil
	})
	_, closed := asyncio.ToThread(ctx, func(context.Context) (int, error) { s.Close(); return 0, nil })
	return errors.Join(err, closed)
}

// serveLines echoes lines on many connections.
func serveLines(ctx context.Context, over func() bool, step func()) error {
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := asyncio.Go(ctx, func(ctx context.Context) error {
		return l.Serve(ctx, func(_ context.Context, c *aionet.Conn) error {
			for lines := bufio.NewScanner(c); lines.Scan(); step() {
				if _, err := fmt.Fprintf(c, "you wrote %s\n", lines.Text()); err != nil {
					return err
				}
			}
			return nil
		})
	})
	err = load(ctx, func() error {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer c.Close()
		for r := bufio.NewReader(c); !over(); {
			if _, err := fmt.Fprintln(c, "hello"); err != nil {
				return err
			}
			if _, err := r.ReadString('\n'); err != nil {
				return err
			}
		}
		return nil
	})
	server.Cancel(nil)
	_, _ = server.Await(ctx) //nolint:errcheck // it was cancelled
	return err
}

// load runs clients in goroutines and waits for them.
func load(ctx context.Context, client func() error) error {
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range clients {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, client() })
				return err
			})
		}
		return nil
	})
}

// serveTimers runs many tasks with timers, and a queue between them and a consumer.
func serveTimers(ctx context.Context, over func() bool, step func()) error {
	q := asyncio.NewQueue[int](queued)
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for i := range 5 * clients {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for n := 0; !over(); n++ {
					if err := asyncio.Sleep(ctx, time.Duration(1+(i+n)%20)*time.Millisecond); err != nil {
						return err
					}
					if err := put(ctx, q, i); err != nil {
						return err
					}
					step()
				}
				return q.Put(ctx, -1)
			})
		}
		asyncio.Go(ctx, func(ctx context.Context) error {
			for left := 5 * clients; left > 0; {
				n, err := q.Get(ctx)
				if err != nil {
					return err
				}
				if n < 0 {
					left--
				}
			}
			return nil
		})
		return nil
	})
}

// put puts n with a deadline that is never reached.
func put(ctx context.Context, q *asyncio.Queue[int], n int) error {
	ctx, cancel := asyncio.WithTimeout(ctx, time.Hour)
	defer cancel()
	return q.Put(ctx, n)
}

// serveThreads computes in a bounded pool of threads.
func serveThreads(ctx context.Context, over func() bool, step func()) error {
	return serveJobs(ctx, asyncio.NewThreadPool(2), over, step)
}

// serveProcesses computes in a bounded pool of processes.
func serveProcesses(ctx context.Context, over func() bool, step func()) error {
	pool, err := procpool.New(procpool.Options{Workers: 2})
	if err != nil {
		return err
	}
	return errors.Join(serveJobs(ctx, pool, over, step), pool.Close(ctx))
}

func serveJobs(ctx context.Context, pool asyncio.Executor, over func() bool, step func()) error {
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range 4 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for !over() {
					if _, err := crunch.Call(ctx, pool, crunchUnits); err != nil {
						return err
					}
					step()
				}
				return nil
			})
		}
		asyncio.Go(ctx, func(ctx context.Context) error {
			for !over() {
				compute(1)
				step()
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			return nil
		})
		return nil
	})
}

// serveGroups divides each request among the tasks of a group, and awaits all.
func serveGroups(ctx context.Context, over func() bool, step func()) error {
	for !over() {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range clients {
				asyncio.Go(ctx, func(ctx context.Context) error {
					compute(1)
					step()
					return asyncio.Sleep(ctx, time.Millisecond)
				})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
