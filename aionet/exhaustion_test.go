//go:build linux && !asyncio_portable

package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Without descriptors Serve pauses accepting with a back-off, reports it, and continues. All other
// calls return an error and leak no descriptor.

func TestAccept_WithoutDescriptors(t *testing.T) {
	for _, name := range []string{"accept", "dial", "poller"} {
		t.Run(name, func(t *testing.T) {
			if out := runProgram(t, name+" without descriptors"); !strings.HasSuffix(strings.TrimSpace(out), "well") {
				t.Errorf("it said %q", out)
			}
		})
	}
}

func init() {
	programs["accept without descriptors"] = program(acceptWithoutDescriptors)
	programs["dial without descriptors"] = program(dialWithoutDescriptors)
	programs["poller without descriptors"] = program(pollerWithoutDescriptors)
}

// program runs the body on a loop and prints its error.
func program(body func(ctx context.Context) error) func() {
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), guard)
		defer cancel()
		// The stall watch opens files of /proc, and a hoard must get every descriptor.
		if err := asyncio.Run(ctx, body, asyncio.WithStallThreshold(0)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("well")
	}
}

// hoard takes all descriptors that are left.
type hoard struct{ fds []int }

func (h *hoard) fill() error {
	for {
		fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err == syscall.EMFILE {
			return nil
		}
		if err != nil {
			return err
		}
		h.fds = append(h.fds, fd)
	}
}

// free closes n of them.
func (h *hoard) free(n int) {
	for _, fd := range h.fds[len(h.fds)-n:] {
		syscall.Close(fd)
	}
	h.fds = h.fds[:len(h.fds)-n]
}

// left returns the number of free descriptors.
func (h *hoard) left() (int, error) {
	before := len(h.fds)
	err := h.fill()
	n := len(h.fds) - before
	h.free(n)
	return n, err
}

func fewDescriptors() error {
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64})
}

func acceptWithoutDescriptors(ctx context.Context) error {
	var reports []error
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.OnError(func(remote net.Addr, err error) {
		if remote != nil {
			err = fmt.Errorf("of %v: %w", remote, err)
		}
		reports = append(reports, err)
	}))
	if err != nil {
		return err
	}
	server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, echo) })
	before, err := aionet.Dial(ctx, "tcp", l.Addr().String())
	if err != nil {
		return err
	}
	exchange := func(c *aionet.Conn) error {
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		_, err := c.Read(make([]byte, 1))
		return err
	}
	if err := exchange(before); err != nil {
		return err
	}

	var h hoard
	if err := errors.Join(fewDescriptors(), h.fill()); err != nil {
		return err
	}
	h.free(1)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	to := l.Addr().(*net.TCPAddr)
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())}); err != nil {
		return err
	}
	for len(reports) < 3 {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	for i, pause := range []string{"5ms", "10ms", "20ms"} {
		if r := reports[i]; !errors.Is(r, syscall.EMFILE) || !strings.Contains(r.Error(), "accepting pauses for "+pause+":") {
			return fmt.Errorf("report %d: %v", i, r)
		}
	}
	if err := exchange(before); err != nil { // those who are there notice nothing
		return err
	}

	h.free(10)
	f := os.NewFile(uintptr(fd), "client")
	after, err := aionet.FileConn(ctx, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := exchange(after); err != nil { // it was accepted at last
		return err
	}
	n := len(reports)
	if err := errors.Join(before.Close(), after.Close(), l.Shutdown(ctx)); err != nil {
		return err
	}
	if len(reports) != n {
		return fmt.Errorf("reported afterwards: %v", reports[n:])
	}
	_, err = server.Await(ctx)
	return err
}

func dialWithoutDescriptors(ctx context.Context) error {
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	calls := map[string]func() error{
		"Dial":         func() error { _, err := aionet.Dial(ctx, "tcp", l.Addr().String()); return err },
		"Listen":       func() error { _, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0"); return err },
		"ListenPacket": func() error { _, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0"); return err },
		"FileConn":     func() error { _, err := aionet.FileConn(ctx, r); return err },
	}
	var h hoard
	if err := errors.Join(fewDescriptors(), h.fill()); err != nil {
		return err
	}
	for left := range 2 { // with one left the socket can be made, and not be taken over
		for name, call := range calls {
			if left == 1 && name == "FileConn" {
				continue // which needs no more
			}
			if err := call(); !errors.Is(err, syscall.EMFILE) {
				return fmt.Errorf("%s with %d descriptors left: %v", name, left, err)
			}
			if n, err := h.left(); n != left || err != nil {
				return fmt.Errorf("after %s %d descriptors are left, of %d; %v", name, n, left, err)
			}
		}
		h.free(1)
	}
	h.free(5)
	for name, call := range calls {
		if err := call(); err != nil {
			return fmt.Errorf("%s afterwards: %w", name, err)
		}
	}
	return nil
}

// After a poller could not be made, the loop may try again.
func pollerWithoutDescriptors(ctx context.Context) error {
	var h hoard
	if err := errors.Join(fewDescriptors(), h.fill()); err != nil {
		return err
	}
	for left := range 2 { // epoll, and what wakes it
		if _, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0"); !errors.Is(err, syscall.EMFILE) {
			return fmt.Errorf("Listen with %d descriptors left: %v", left, err)
		}
		if n, err := h.left(); n != left || err != nil {
			return fmt.Errorf("%d descriptors are left, of %d; %v", n, left, err)
		}
		h.free(1)
	}
	h.free(8)
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

// runProgram runs one of them and returns what it printed.
func runProgram(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), programEnv+"="+name, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
