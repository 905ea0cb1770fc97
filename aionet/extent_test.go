package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S22: a call without a ctx ends with the innermost body that its task is in.

// inMemory runs body in virtual time, with connections whose buffers are small.
func inMemory(t *testing.T, body func(ctx context.Context, t *testing.T)) {
	t.Helper()
	asynciotest.Run(t, body, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Buffer(4<<10))))
}

// endless returns calls that end only if they are interrupted.
func endless(ctx context.Context, t *testing.T) (calls map[string]func() error, end func()) {
	a, b := pair(ctx, t)
	secure, peer := secured(ctx, t, clientConfig(), serverConfig())
	packets, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(a)
	return map[string]func() error{
			"Read":       func() error { _, err := a.Read(make([]byte, 1)); return err },
			"Next":       func() error { _, err := a.Next(); return err },
			"bufio":      func() error { _, err := lines.ReadString('\n'); return err },
			"io.Copy":    func() error { _, err := io.Copy(io.Discard, a); return err },
			"io.ReadAll": func() error { _, err := io.ReadAll(a); return err },
			"Write":      func() error { return writeOn(a) },
			"ReadFrom":   func() error { _, _, err := packets.ReadFrom(make([]byte, 1)); return err },
			"TLS Read":   func() error { _, err := secure.Read(make([]byte, 1)); return err },
			"TLS Write":  func() error { return writeOn(secure) },
		}, func() {
			for _, c := range []io.Closer{a, b, packets} {
				c.Close()
			}
			peer.NetConn().Close() // it reads nothing: no farewell
			secure.Close()
			turns(ctx, t, 3) // the task that sends what was accepted ends
		}
}

// writeOn writes until it fails.
func writeOn(conn net.Conn) error {
	for b := make([]byte, 64<<10); ; {
		if _, err := conn.Write(b); err != nil {
			return err
		}
	}
}

var errSibling = errors.New("the sibling fails")

// failAfter starts a task of ctx's scope that fails after d.
func failAfter(ctx context.Context, d time.Duration) {
	asyncio.Go(ctx, func(ctx context.Context) error {
		if err := asyncio.Sleep(ctx, d); err != nil {
			return err
		}
		return errSibling
	})
}

func proc(call func() error) asyncio.Proc { return func(context.Context) error { return call() } }

func waitFor(ctx context.Context, d time.Duration, call func(ctx context.Context) error) error {
	_, err := asyncio.WaitFor(ctx, d, asyncio.Proc(call))
	return err
}

// bodies put a call into a body that ends after a second.
var bodies = []struct {
	name string
	want error
	run  func(ctx context.Context, call func() error) error
}{
	{"WaitFor", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		return waitFor(ctx, time.Second, proc(call))
	}},
	{"a group whose child fails", errSibling, func(ctx context.Context, call func() error) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			failAfter(ctx, time.Second)
			return call()
		})
	}},
	{"a group in WaitFor", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		return waitFor(ctx, time.Second, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, proc(call))
		})
	}},
	{"WaitFor in a group whose child fails", errSibling, func(ctx context.Context, call func() error) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			failAfter(ctx, time.Second)
			return waitFor(ctx, time.Hour, proc(call))
		})
	}},
	{"WaitFor in a group in WaitFor", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		return waitFor(ctx, time.Second, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { return waitFor(ctx, time.Hour, proc(call)) })
		})
	}},
	{"a group in a group whose child fails", errSibling, func(ctx context.Context, call func() error) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			failAfter(ctx, time.Second)
			return asyncio.WithTaskGroup(ctx, proc(call))
		})
	}},
	{"WaitFor of a std ctx", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		c, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return waitFor(c, time.Hour, proc(call))
	}},
	{"WaitFor with another ctx than the task's", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		return waitFor(context.WithoutCancel(ctx), time.Second, proc(call))
	}},
	{"the task of WaitFor's caller is cancelled", asyncio.ErrTaskCancelled, func(ctx context.Context, call func() error) error {
		t := asyncio.Go(ctx, func(ctx context.Context) error { return waitFor(ctx, time.Hour, proc(call)) })
		asyncio.LoopOf(ctx).CallLater(time.Second, func() { t.Cancel(nil) })
		_, err := t.Await(ctx)
		return err
	}},
	{"a loop in a generator's WaitFor", context.DeadlineExceeded, func(ctx context.Context, call func() error) (err error) {
		generator := func(yield func(int) bool) {
			waitFor(ctx, time.Second, func(context.Context) error { yield(1); return nil })
		}
		for range generator {
			err = call()
		}
		return err
	}},
	{"WaitFor in the body of a Pull", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		next, stop := asyncio.Pull(func(yield func(error) bool) {
			yield(waitFor(ctx, time.Second, proc(call)))
		})
		defer stop()
		err, _ := next()
		return err
	}},
	{"a Pull in WaitFor", context.DeadlineExceeded, func(ctx context.Context, call func() error) error {
		return waitFor(ctx, time.Second, func(context.Context) error {
			next, stop := asyncio.Pull(func(yield func(error) bool) { yield(call()) })
			defer stop()
			err, _ := next()
			return err
		})
	}},
}

func TestS22_ABodyEndsCallsWithoutCtx(t *testing.T) {
	for _, body := range bodies {
		t.Run(body.name, func(t *testing.T) {
			inMemory(t, func(ctx context.Context, t *testing.T) {
				calls, end := endless(ctx, t)
				defer end()
				for name, call := range calls {
					start := time.Now()
					err := body.run(ctx, call)
					wantErr(t, name, err, body.want)
					if took := time.Since(start); took != time.Second {
						t.Errorf("%s ended after %v, want 1s", name, took)
					}
				}
			})
		})
	}
}

// The same with the system's sockets.
func TestS22_ABodyEndsCallsOfRealSockets(t *testing.T) {
	onSockets(t, func(ctx context.Context, t *testing.T) {
		calls, end := endless(ctx, t)
		defer end()
		for name, call := range calls {
			wantErr(t, name, waitFor(ctx, time.Millisecond, proc(call)), context.DeadlineExceeded)
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				failAfter(ctx, time.Millisecond)
				return call()
			})
			wantErr(t, name+" in a group", err, errSibling)
		}
	})
}

// A connection of another loop is read in a task there; the body of the task that waits counts.
func TestS22_ABodyEndsCallsOfAnotherLoopsConn(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
			return 0, asyncio.Run(context.Background(), func(ctx context.Context) error {
				err := waitFor(ctx, time.Millisecond, func(context.Context) error { _, err := a.Read(make([]byte, 1)); return err })
				wantErr(t, "Read", err, context.DeadlineExceeded)
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A call obeys the innermost body only. A last message is written in a shielded body.
func TestS22_OnlyTheInnermostBodyCounts(t *testing.T) {
	inMemory(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		err := waitFor(ctx, time.Second, func(ctx context.Context) error {
			_, err := a.Read(make([]byte, 1))
			wantErr(t, "Read", err, context.DeadlineExceeded)
			_, err = a.Write([]byte("x"))
			wantErr(t, "a plain Write after the time-out", err, context.DeadlineExceeded)
			return waitFor(context.WithoutCancel(ctx), time.Second, func(context.Context) error {
				_, err := a.Write([]byte("bye\n"))
				return err
			})
		})
		if err != nil {
			t.Errorf("the farewell: %v", err)
		}
		if _, err := a.Write([]byte("x")); err != nil {
			t.Errorf("Write after WaitFor: %v", err)
		}
		if line, err := bufio.NewReader(b).ReadString('\n'); line != "bye\n" {
			t.Errorf("the peer got %q, %v", line, err)
		}
		limited, cancel := asyncio.WithTimeout(ctx, time.Second) // has no extent
		defer cancel()
		asyncio.LoopOf(ctx).CallLater(time.Minute, func() { asyncio.Go(ctx, func(context.Context) error { _, err := b.Write([]byte("y")); return err }) })
		if _, err := a.Read(make([]byte, 1)); err != nil || limited.Err() == nil {
			t.Errorf("Read beside a ctx of WithTimeout that has expired: %v", err)
		}
	})
}

// Shutdown does not end a shielded body early.
func TestS22_ShutdownLeavesAShieldedBodyItsTime(t *testing.T) {
	inMemory(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		start := time.Now()
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			err := waitFor(context.WithoutCancel(ctx), time.Second, func(context.Context) error { _, err := a.Read(make([]byte, 1)); return err })
			wantErr(t, "Read", err, context.DeadlineExceeded)
			return nil
		})
		turns(ctx, t, 1)
		task.Cancel(nil)
		task.Join(ctx)
		if took := time.Since(start); took != time.Second {
			t.Errorf("the body ended after %v, want 1s", took)
		}
	})
}

// A call obeys the outer body after the inner one has ended, in any way.
func TestS22_ABodyIsLeft(t *testing.T) {
	enter := map[string]func(ctx context.Context, body func()){
		"WaitFor": func(ctx context.Context, body func()) {
			waitFor(ctx, time.Nanosecond, func(ctx context.Context) error { asyncio.Sleep(ctx, time.Hour); body(); return nil })
		},
		"a group": func(ctx context.Context, body func()) {
			asyncio.WithTaskGroup(ctx, func(context.Context) error { body(); return errSibling })
		},
	}
	for in, enter := range enter {
		for how, leave := range map[string]func(){"return": func() {}, "panic": func() { panic("left") }, "Goexit": runtime.Goexit} {
			t.Run(in+" by "+how, func(t *testing.T) {
				var got error
				done := make(chan struct{})
				go func() {
					defer close(done)
					asyncio.Run(context.Background(), func(ctx context.Context) error {
						a, b := pair(ctx, t)
						defer func() {
							recover()
							if _, got = b.Write([]byte("x")); got == nil {
								_, got = a.Read(make([]byte, 1))
							}
							shut(t, a, b)
						}()
						enter(ctx, leave)
						return nil
					}, asyncio.WithPanicsAsErrors())
				}()
				if <-done; got != nil {
					t.Errorf("Read or Write in a deferred function outside of the body: %v", got)
				}
			})
		}
	}
}

// The bodies of a sequence are independent of those of its caller.
func TestS22_PullKeepsBodiesApart(t *testing.T) {
	inMemory(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		read := func() error { _, err := a.Read(make([]byte, 1)); return err }
		next, stop := asyncio.Pull(func(yield func(error) bool) {
			waitFor(ctx, time.Minute, func(context.Context) error {
				yield(nil)
				yield(read()) // bounded by the sequence's body alone
				return nil
			})
			yield(read()) // bounded by that of the caller of next
		})
		defer stop()
		next()
		wantErr(t, "Read in the caller", waitFor(ctx, time.Hour, proc(read)), context.DeadlineExceeded) // the sequence's body has expired
		waitFor(ctx, time.Second, func(context.Context) error {
			err, _ := next()
			wantErr(t, "Read in the sequence", err, context.DeadlineExceeded)
			return nil
		})
		start := time.Now()
		waitFor(ctx, time.Second, func(context.Context) error {
			err, _ := next()
			wantErr(t, "Read in the sequence, in no body of its own", err, context.DeadlineExceeded)
			return nil
		})
		if took := time.Since(start); took != time.Second {
			t.Errorf("it ended after %v, want 1s", took)
		}
	})
}
