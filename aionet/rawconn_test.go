//go:build unix

package aionet_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// SyscallConn: the descriptor itself.

func TestRawReadAndWriteWait(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		p, n, calls := make([]byte, 10), 0, 0
		task := asyncio.Go(ctx, func(context.Context) error {
			return raw.Read(func(fd uintptr) bool {
				calls++
				var err error
				n, err = syscall.Read(int(fd), p)
				return err != syscall.EAGAIN
			})
		})
		turns(ctx, t, 3)
		if calls == 0 || task.Err() != asyncio.ErrNotDone {
			t.Errorf("%d calls, then %v; want that it waits", calls, task.Err())
		}
		write(t, b, "raw")
		if _, err := task.Await(ctx); err != nil || string(p[:n]) != "raw" {
			t.Errorf("raw Read: %q, %v", p[:n], err)
		}

		total := 0
		fill := asyncio.Go(ctx, func(context.Context) error {
			return raw.Write(func(fd uintptr) bool {
				for {
					n, err := syscall.Write(int(fd), make([]byte, 1<<20))
					if err != nil {
						return total > 20<<20
					}
					total += n
				}
			})
		})
		got := 0
		for fill.Err() == asyncio.ErrNotDone || got < total {
			p, err := b.Next()
			if err != nil {
				t.Fatal(err)
			}
			got += len(p)
		}
		b.Release()
		if _, err := fill.Await(ctx); err != nil {
			t.Errorf("raw Write: %v", err)
		}
	})
}

func TestRawDeadlineAndCancel(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		raw, _ := a.SyscallConn()
		never := func(uintptr) bool { return false }
		a.SetReadDeadline(past)
		wantTimeout(t, "raw Read", raw.Read(never))
		task := asyncio.Go(ctx, func(context.Context) error { return raw.Write(never) })
		turns(ctx, t, 3)
		task.Cancel(nil)
		task.Await(ctx)
		wantErr(t, "raw Write", task.Err(), context.Canceled)
	})
}

// Control does not stand in the way of Close, wherever both come from.
func TestCloseInsideControl(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		raw, _ := a.SyscallConn()
		err := raw.Control(func(fd uintptr) {
			if err := raw.Control(func(again uintptr) {
				if again != fd {
					t.Errorf("descriptors %d and %d", fd, again)
				}
			}); err != nil {
				t.Errorf("Control in Control: %v", err)
			}
			shut(t, a)
			if _, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil {
				t.Errorf("the descriptor was closed while it was used: %v", err)
			}
		})
		if err != nil {
			t.Errorf("Control: %v", err)
		}
		wantErr(t, "Control", raw.Control(func(uintptr) {}), net.ErrClosed)
		wantEOF(t, b) // it was closed at last
		shut(t, b)
	})
}

func TestControlInAThreadDoesNotBlockTheLoop(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		raw, _ := a.SyscallConn()
		inside, leave := make(chan struct{}), make(chan struct{})
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return asyncio.ToThread(ctx, func(context.Context) (typ int, err error) {
				e := raw.Control(func(fd uintptr) {
					close(inside)
					<-leave
					typ, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE)
				})
				return typ, errors.Join(e, err)
			})
		})
		asyncio.Recv(ctx, inside)
		shut(t, a) // at once
		turns(ctx, t, 10)
		close(leave)
		if typ, err := task.Await(ctx); typ != syscall.SOCK_STREAM || err != nil {
			t.Errorf("Control: %d, %v", typ, err)
		}
		wantEOF(t, b)
		shut(t, b)
	})
}
