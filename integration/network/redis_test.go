package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	"github.com/gomodule/redigo/redis"
)

// redisServer starts a redis-server of the test's own, on a unix socket, and returns the
// socket's path.
func redisServer(t *testing.T) string {
	t.Helper()
	program := testloop.Program(t, "redis-server", "redis-server")
	dir := testloop.ShortDir(t)
	socket := filepath.Join(dir, "socket")
	testloop.Daemon(t, func() error {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return err
		}
		return c.Close()
	}, program, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	return socket
}

// github.com/gomodule/redigo as a client of Redis, over an aionet.Conn that it is given,
// in the calling task: many tasks with a connection each, pipelining, values of a
// megabyte, publish and subscribe, a call that waits in the server, deadlines,
// cancellation. The peer is a real redis-server.
func TestRedisClient(t *testing.T) {
	socket := redisServer(t)
	connect := func(ctx context.Context) (redis.Conn, error) {
		conn, err := aionet.Dial(ctx, "unix", socket)
		if err != nil {
			return nil, err
		}
		return redis.NewConn(conn, 0, 0), nil
	}
	with := func(ctx context.Context, body func(c redis.Conn) error) error {
		c, err := connect(ctx)
		if err != nil {
			return err
		}
		return errors.Join(body(c), c.Close())
	}
	test := func(name string, body func(ctx context.Context, t *testing.T) error) {
		t.Run(name, func(t *testing.T) {
			testloop.Run(t, func(ctx context.Context) {
				if err := body(ctx, t); err != nil {
					t.Error(err)
				}
			})
		})
	}

	test("many tasks", func(ctx context.Context, t *testing.T) error {
		const tasks, times = 50, 40
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range tasks {
				asyncio.Go(ctx, func(ctx context.Context) error {
					return with(ctx, func(c redis.Conn) error {
						for range times {
							if _, err := c.Do("INCR", "counter"); err != nil {
								return err
							}
						}
						return nil
					})
				})
			}
			return nil
		})
		return errors.Join(err, with(ctx, func(c redis.Conn) error {
			n, err := redis.Int(c.Do("GET", "counter"))
			if n != tasks*times {
				t.Errorf("the counter is %d, want %d", n, tasks*times)
			}
			return err
		}))
	})

	test("large values and pipelining", func(ctx context.Context, t *testing.T) error {
		return with(ctx, func(c redis.Conn) error {
			value := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
			for i := range 8 {
				if err := errors.Join(c.Send("SET", i, value[i:]), c.Send("GET", i)); err != nil {
					return err
				}
			}
			if err := c.Flush(); err != nil {
				return err
			}
			for i := range 8 {
				if ok, err := redis.String(c.Receive()); err != nil || ok != "OK" {
					return fmt.Errorf("SET %d: %q, %w", i, ok, err)
				}
				if got, err := redis.Bytes(c.Receive()); err != nil || !bytes.Equal(got, value[i:]) {
					return fmt.Errorf("GET %d: %d bytes, %w", i, len(got), err)
				}
			}
			return nil
		})
	})

	test("publish and subscribe", func(ctx context.Context, t *testing.T) error {
		const messages = 100
		subscribed := asyncio.NewFuture[struct{}](ctx)
		listener := asyncio.CreateTask(ctx, func(ctx context.Context) (heard int, err error) {
			err = with(ctx, func(c redis.Conn) error {
				s := redis.PubSubConn{Conn: c}
				if err := s.Subscribe("news"); err != nil {
					return err
				}
				for heard < messages {
					switch m := s.Receive().(type) {
					case redis.Subscription:
						subscribed.SetResult(struct{}{})
					case redis.Message:
						if string(m.Data) != fmt.Sprint("message ", heard) {
							return fmt.Errorf("message %d is %q", heard, m.Data)
						}
						heard++
					case error:
						return m
					}
				}
				return nil
			})
			return heard, err
		})
		if _, err := subscribed.Await(ctx); err != nil {
			return err
		}
		err := with(ctx, func(c redis.Conn) error {
			for i := range messages {
				if n, err := redis.Int(c.Do("PUBLISH", "news", fmt.Sprint("message ", i))); err != nil || n != 1 {
					return fmt.Errorf("PUBLISH reached %d, %w", n, err)
				}
			}
			return nil
		})
		heard, failed := listener.Await(ctx)
		if heard != messages {
			t.Errorf("%d messages were heard, want %d", heard, messages)
		}
		return errors.Join(err, failed)
	})

	test("a call that waits", func(ctx context.Context, t *testing.T) error {
		waiter := asyncio.CreateTask(ctx, func(ctx context.Context) (got string, err error) {
			err = with(ctx, func(c redis.Conn) error {
				reply, err := redis.Strings(c.Do("BLPOP", "jobs", 0)) // no other task is held up
				got = fmt.Sprint(reply)
				return err
			})
			return got, err
		})
		err := with(ctx, func(c redis.Conn) error {
			_, err := c.Do("RPUSH", "jobs", "job 1")
			return err
		})
		got, failed := waiter.Await(ctx)
		if got != "[jobs job 1]" {
			t.Errorf("BLPOP: %s", got)
		}
		return errors.Join(err, failed)
	})

	test("deadlines and cancellation", func(ctx context.Context, t *testing.T) error {
		c, err := connect(ctx)
		if err != nil {
			return err
		}
		if _, err := redis.DoWithTimeout(c, 5*time.Millisecond, "BLPOP", "nothing", 0); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a call with a time-out: %v", err)
		}
		c.Close() // it returns the same error again
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			return with(ctx, func(c redis.Conn) error {
				_, err := c.Do("BLPOP", "nothing", 0)
				return err
			})
		})
		if err := asyncio.Sleep(ctx, 5*time.Millisecond); err != nil {
			return err
		}
		task.Cancel(nil)
		if _, err := task.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("a call that was cancelled: %v", err)
		}
		return nil
	})
}
