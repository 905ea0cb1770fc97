package aionet_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The use of a connection by goroutines without a loop, tasks of another loop, callbacks and
// iter.Pull.

func TestForeignGoroutineReadsAndWrites(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		done := make(chan error, 1)
		go func() { // an echo server of the plainest sort
			r := bufio.NewReader(b)
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					b.Close()
					done <- err
					return
				}
				if _, err := fmt.Fprintf(b, "you said %s", line); err != nil {
					done <- err
					return
				}
			}
		}()
		r := bufio.NewReader(a)
		for i := range 20 {
			fmt.Fprintf(a, "%d\n", i)
			if line, err := r.ReadString('\n'); line != fmt.Sprintf("you said %d\n", i) || err != nil {
				t.Fatalf("got %q, %v", line, err)
			}
		}
		shut(t, a)
		if err, _, _ := asyncio.Recv(ctx, done); err != io.EOF {
			t.Errorf("the goroutine ended with %v", err)
		}
	})
}

// io.Copy calls WriteTo and ReadFrom, also off the loop.
func TestForeignGoroutineCopies(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		sent := bytes.Repeat([]byte("0123456789"), 100_000)
		send := asyncio.CreateTask(ctx, func(ctx context.Context) (int64, error) {
			return asyncio.ToThread(ctx, func(context.Context) (int64, error) {
				defer a.Close()
				return io.Copy(a, bytes.NewReader(sent))
			})
		})
		var got bytes.Buffer
		n, err := asyncio.ToThread(ctx, func(context.Context) (int64, error) { return io.Copy(&got, b) })
		if err != nil || n != int64(len(sent)) || !bytes.Equal(got.Bytes(), sent) {
			t.Errorf("%d bytes came, %v", n, err)
		}
		if n, err := send.Await(ctx); n != int64(len(sent)) || err != nil {
			t.Errorf("sent %d, %v", n, err)
		}
		shut(t, b)
	})
}

func TestNext_OffTheLoop(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		_, err := asyncio.ToThread(ctx, func(context.Context) ([]byte, error) { return a.Next() })
		wantErr(t, "Next elsewhere", err, asyncio.ErrWrongTask)
		v, _ := asyncio.ToThread(ctx, func(context.Context) (v any, _ error) {
			defer func() { v = recover() }()
			a.Release()
			return nil, nil
		})
		if err, ok := v.(error); !ok {
			t.Errorf("Release elsewhere: %v, want a panic", v)
		} else {
			wantErr(t, "Release elsewhere", err, asyncio.ErrWrongTask)
		}
	})
}

func TestCallsInACallbackFail(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		var errs []error
		asyncio.LoopOf(ctx).CallSoon(func() {
			_, err := a.Read(make([]byte, 1))
			errs = append(errs, err)
			_, err = a.Write([]byte("x"))
			errs = append(errs, err)
			_, err = a.Next()
			errs = append(errs, err)
			a.Release()
		})
		turns(ctx, t, 2)
		for _, err := range errs {
			wantErr(t, "in a callback", err, asyncio.ErrWrongTask)
		}
		if len(errs) != 3 {
			t.Error("the callback did not run")
		}
	})
}

// A sequence of iter.Pull that a task resumes would block the loop of that task.
func TestInsideAnIterPull(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		next, stop := iter.Pull(func(yield func(error) bool) {
			_, err := a.Read(make([]byte, 1))
			yield(err)
			_, err = a.Write([]byte("x"))
			yield(err)
		})
		defer stop()
		for _, call := range []string{"Read", "Write"} {
			err, _ := next()
			wantErr(t, call, err, asyncio.ErrWrongTask)
		}
	})
}

func TestInsideAPull(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		next, stop := asyncio.Pull(func(yield func(byte) bool) {
			p := make([]byte, 1)
			for {
				if _, err := a.Read(p); err != nil || !yield(p[0]) {
					return
				}
			}
		})
		defer stop()
		asyncio.LoopOf(ctx).CallLater(time.Millisecond, func() {
			asyncio.Submit(asyncio.LoopOf(ctx), func(context.Context) (int, error) { return b.Write([]byte("xy")) })
		})
		for _, want := range "xy" {
			if got, ok := next(); !ok || rune(got) != want {
				t.Errorf("got %q, %v", got, ok)
			}
		}
	})
}

// A call suspends a task of another loop and does not block that loop.
func TestATaskOfAnotherLoop(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		var wg sync.WaitGroup
		wg.Go(func() {
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				_, err := b.WithContext(ctx).Read(make([]byte, 1))
				wantErr(t, "a view with the wrong loop", err, asyncio.ErrWrongLoop)

				task := reading(ctx, b)
				turns(ctx, t, 100) // the loop is not blocked
				if task.Err() != asyncio.ErrNotDone {
					t.Errorf("the read did not wait: %v", task.Err())
				}
				write(t, b, "ready")
				if got, err := task.Await(ctx); got != "go" || err != nil {
					t.Errorf("read %q, %v", got, err)
				}

				task = reading(ctx, b)
				turns(ctx, t, 3)
				task.Cancel(nil)
				_, err = task.Await(ctx)
				wantErr(t, "a cancelled read", err, context.Canceled)
				write(t, b, "left")
				wantRead(t, b, "kept")
				return b.Close()
			})
			if err != nil {
				t.Errorf("the other loop: %v", err)
			}
		})
		wantRead(t, a, "ready")
		write(t, a, "go")
		wantRead(t, a, "left")
		write(t, a, "kept")
		wantEOF(t, a)
		shut(t, a)
		asyncio.ToThread(ctx, func(context.Context) (int, error) { wg.Wait(); return 0, nil })
	})
}

func TestAListenerOfAnotherLoop(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		asyncio.ToThread(ctx, func(context.Context) (int, error) {
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				_, err := l.Accept(ctx)
				wantErr(t, "Accept", err, asyncio.ErrWrongLoop)
				wantErr(t, "Shutdown", l.Shutdown(ctx), asyncio.ErrWrongLoop)
				wantErr(t, "Serve", l.Serve(ctx, func(context.Context, *aionet.Conn) error { return nil }), asyncio.ErrWrongLoop)
				return nil
			})
			return 0, err
		})
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (int, error) {
			_, err := l.Accept(ctx)
			wantErr(t, "Accept in a thread", err, asyncio.ErrNoLoop)
			_, err = aionet.Listen(ctx, "tcp", "127.0.0.1:0")
			wantErr(t, "Listen in a thread", err, asyncio.ErrNoLoop)
			_, err = aionet.Dial(ctx, "tcp", l.Addr().String())
			wantErr(t, "Dial in a thread", err, asyncio.ErrNoLoop)
			_, err = aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
			wantErr(t, "ListenPacket in a thread", err, asyncio.ErrNoLoop)
			wantErr(t, "Shutdown in a thread", l.Shutdown(ctx), asyncio.ErrNoLoop)
			cancelled, cancel := context.WithCancel(ctx)
			cancel()
			wantErr(t, "Shutdown in a thread, cancelled", l.Shutdown(cancelled), asyncio.ErrNoLoop)
			return 0, l.Close() // which may come from anywhere
		})
		if err != nil {
			t.Errorf("Close: %v", err)
		}
		_, err = l.Accept(ctx)
		wantErr(t, "Accept", err, net.ErrClosed)
	})
}
