//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sockets

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio/internal/netport"
	"github.com/asyncio-go/asyncio/internal/poll"
)

// Streams and descriptors without a loop: a poller, and news by hand.

// streams returns two joined streams of one kind, and the poller that watches them.
func streams(t *testing.T, k kind) (n *network, a, b *stream) {
	t.Helper()
	p, err := poll.New()
	if err != nil {
		t.Fatal(err)
	}
	n = &network{poller: p}
	t.Cleanup(n.Close)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range []**stream{&a, &b} {
		unix.SetNonblock(fds[i], true)
		if *s, err = n.stream(fds[i], k, fileAddr("near"), fileAddr("far")); err != nil {
			t.Fatal(err)
		}
	}
	return n, a, b
}

// A read that got less than there was room for is the last until there is news; not so
// after urgent data or an end, of which there is no other.
func TestShortReadEmptiesTheBuffer(t *testing.T) {
	for name, c := range map[string]struct {
		kind kind
		news poll.Events
		asks bool // a second read asks the system
	}{
		"TCP":                   {tcp, poll.Readable, false},
		"TCP, urgent":           {tcp, poll.Readable | poll.Urgent, true},
		"TCP, ended":            {tcp, poll.Readable | poll.Ended, true},
		"a socket of the house": {local, poll.Readable, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, a, b := streams(t, c.kind)
			a.Ready(c.news)
			b.Write([]byte("one"))
			p := make([]byte, 10)
			if n, err := a.Read(p); n != 3 || err != nil {
				t.Fatalf("Read: %d, %v", n, err)
			}
			b.Write([]byte("two")) // and no news of it
			n, err := a.Read(p)
			if c.asks && (n != 3 || err != nil) || !c.asks && (n != 0 || err != netport.ErrAgain) {
				t.Errorf("the second Read: %d, %v", n, err)
			}
			a.Ready(poll.Readable)
			b.Write([]byte("three"))
			if n, err := a.Read(p); n == 0 || err != nil {
				t.Errorf("Read after news: %d, %v", n, err)
			}
		})
	}
}

func TestErrAgain(t *testing.T) {
	_, a, b := streams(t, local)
	p := make([]byte, 1<<20)
	for range 2 {
		if _, err := a.Read(p); err != netport.ErrAgain {
			t.Errorf("Read: %v", err)
		}
	}
	total := 0
	for {
		n, err := a.Write(p)
		total += n
		if err == netport.ErrAgain {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b.Ready(poll.Readable)
	a.Close()
	got, err := io.ReadAll(onlyReader{b})
	if len(got) != total || err != nil {
		t.Errorf("%d bytes came of %d, %v", len(got), total, err)
	}
}

type onlyReader struct{ io.Reader }

// One call moves so much at most, of what has no messages.
func TestMaxBytes(t *testing.T) {
	_, a, _ := streams(t, local)
	if err := a.SetWriteBuffer(8 << 20); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Write(bytes.Repeat([]byte("x"), 4<<20)); n > maxBytes || err != nil {
		t.Errorf("Write: %d, %v; want %d at most", n, err, maxBytes)
	}
}

// The descriptor stays open during calls of Control; the last one closes it.
func TestClose_DuringControl(t *testing.T) {
	_, a, b := streams(t, local)
	b.Ready(poll.Readable)
	const users = 3
	var inside, ended sync.WaitGroup
	leave := make(chan struct{})
	inside.Add(users)
	for range users {
		ended.Go(func() {
			err := a.Control(func(fd uintptr) {
				inside.Done()
				<-leave
				if _, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE); err != nil {
					t.Errorf("closed while it is used: %v", err)
				}
			})
			if err != nil {
				t.Errorf("Control: %v", err)
			}
		})
	}
	inside.Wait()
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := a.Close(); err != net.ErrClosed {
		t.Errorf("a second Close: %v", err)
	}
	if err := a.Control(func(uintptr) { t.Error("called") }); err != net.ErrClosed {
		t.Errorf("Control after Close: %v", err)
	}
	if err := a.CloseWrite(); err != net.ErrClosed {
		t.Errorf("CloseWrite after Close: %v", err)
	}
	if _, err := b.Read(make([]byte, 1)); err != netport.ErrAgain {
		t.Errorf("the other side reads %v while the descriptor is used", err)
	}
	close(leave)
	ended.Wait()
	b.Ready(poll.Readable)
	if _, err := b.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the other side reads %v, want the end", err)
	}
}

func TestSecondsAndDefaults(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-1: -1, 0: keepAlive, 1: 1, time.Second: 1, time.Second + 1: 2, time.Minute: 60,
	} {
		if got := seconds(d); got != want {
			t.Errorf("seconds(%v) is %d, want %d", d, got, want)
		}
	}
}

func TestPipeHasNoSocketOptions(t *testing.T) {
	_, a, _ := streams(t, file)
	for name, err := range map[string]error{
		"SetNoDelay":     a.SetNoDelay(true),
		"SetKeepAlive":   a.SetKeepAlive(net.KeepAliveConfig{Enable: true}),
		"SetLinger":      a.SetLinger(1),
		"SetReadBuffer":  a.SetReadBuffer(1),
		"SetWriteBuffer": a.SetWriteBuffer(1),
		"CloseWrite":     a.CloseWrite(),
		"CloseRead":      a.CloseRead(),
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
