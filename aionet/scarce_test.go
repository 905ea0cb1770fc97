//go:build linux && !asyncio_portable

package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// With few descriptors Shutdown serves the accept backlog a few connections at a time. If ctx
// ends first, Shutdown returns the error of accepting.

func TestShutdownWithFewDescriptors(t *testing.T) {
	for _, name := range []string{"Shutdown", "ServeLoops", "late Shutdown", "late ServeLoops"} {
		t.Run(name, func(t *testing.T) {
			if out := runProgram(t, name+" with few descriptors"); !strings.HasSuffix(strings.TrimSpace(out), "well") {
				t.Errorf("it printed %q", out)
			}
		})
	}
}

func init() {
	programs["Shutdown with few descriptors"] = program(shutdownWithFew)
	programs["late Shutdown with few descriptors"] = program(lateShutdownWithFew)
	programs["ServeLoops with few descriptors"] = program(func(ctx context.Context) error { return serveLoopsWithFew(ctx, true) })
	programs["late ServeLoops with few descriptors"] = program(func(ctx context.Context) error { return serveLoopsWithFew(ctx, false) })
}

// rawClients are the descriptors of clients of a unix socket.
type rawClients []int

func connectRaw(path string, n int) (clients rawClients, err error) {
	for range n {
		fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
			return nil, err
		}
		clients = append(clients, fd)
	}
	return clients, nil
}

// ask sends a byte from each client, and waits for all answers.
func (c rawClients) ask() error {
	for _, fd := range c {
		if _, err := syscall.Write(fd, []byte("x")); err != nil {
			return err
		}
	}
	for i, fd := range c {
		if n, err := syscall.Read(fd, make([]byte, 1)); n != 1 {
			return fmt.Errorf("client %d of %d was not answered: %v", i, len(c), err)
		}
	}
	return nil
}

// leaveFew opens descriptors until the process can open only n more.
func leaveFew(n int) error {
	var h hoard
	err := errors.Join(fewDescriptors(), h.fill())
	h.free(n)
	return err
}

// quiet discards errors of accepting.
func quiet() aionet.Option { return aionet.OnError(func(net.Addr, error) {}) }

// serveBytes starts a server and returns it when it accepts. The server removes its directory
// at its end.
func serveBytes(ctx context.Context) (*aionet.Listener, *asyncio.Task[struct{}], error) {
	dir, err := os.MkdirTemp("", "aionet")
	if err != nil {
		return nil, nil, err
	}
	l, err := aionet.Listen(ctx, "unix", filepath.Join(dir, "s"), quiet())
	if err != nil {
		return nil, nil, err
	}
	server := asyncio.Go(ctx, func(ctx context.Context) error {
		defer os.Remove(dir) // Shutdown has removed the socket's file
		return l.Serve(ctx, answerByte)
	})
	return l, server, errors.Join(asyncio.Sleep(ctx, 0), asyncio.Sleep(ctx, 0))
}

func shutdownWithFew(ctx context.Context) error {
	l, server, err := serveBytes(ctx)
	if err != nil {
		return err
	}
	clients, err := connectRaw(l.Addr().String(), 20)
	if err != nil {
		return err
	}
	asking := asyncio.Go(ctx, func(ctx context.Context) error {
		_, err := asyncio.ToThread(ctx, func(context.Context) (none struct{}, _ error) { return none, clients.ask() })
		return err
	})
	if err := errors.Join(leaveFew(2), l.Shutdown(ctx)); err != nil { // the loop runs no other task in between
		return err
	}
	_, err = asking.Await(ctx)
	_, serveErr := server.Await(ctx)
	return errors.Join(err, serveErr)
}

// The handlers do not end, so no descriptor is freed.
func lateShutdownWithFew(ctx context.Context) error {
	l, server, err := serveBytes(ctx)
	if err != nil {
		return err
	}
	if _, err := connectRaw(l.Addr().String(), 20); err != nil {
		return err
	}
	limited, cancel := asyncio.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if err := leaveFew(2); err != nil {
		return err
	}
	second := asyncio.Go(ctx, func(ctx context.Context) error {
		if err := l.Shutdown(ctx); !errors.Is(err, syscall.EMFILE) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("the second Shutdown: %v, want EMFILE", err)
		}
		return nil
	})
	if err := l.Shutdown(limited); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.EMFILE) {
		return fmt.Errorf("Shutdown: %v, want DeadlineExceeded and EMFILE", err)
	}
	return errors.Join(second.Join(ctx), server.Join(ctx))
}

func serveLoopsWithFew(ctx context.Context, answered bool) error {
	dir, err := os.MkdirTemp("", "aionet")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	var clients rawClients
	asked := make(chan error, 1)
	opts := []aionet.ListenOption{quiet(), aionet.OnListen(func(net.Addr) {
		defer cancel()
		if clients, err = connectRaw(path, 20); err != nil {
			asked <- err
			return
		}
		// One for the connection of each of the two loops, and one that AdoptConn duplicates.
		if err = leaveFew(3); err != nil || !answered {
			asked <- err
			return
		}
		go func() { asked <- clients.ask() }()
	})}
	if !answered {
		opts = append(opts, aionet.Grace(20*time.Millisecond))
	}
	_, err = asyncio.ToThread(ctx, func(context.Context) (none struct{}, _ error) {
		return none, aionet.ServeLoops(stop, 2, "unix", path, answerByte, opts...)
	})
	switch {
	case answered && err != nil:
		return err
	case !answered && (!errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.EMFILE)):
		return fmt.Errorf("ServeLoops: %v, want DeadlineExceeded and EMFILE", err)
	}
	return <-asked
}
