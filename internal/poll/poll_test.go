//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package poll

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

type heard struct{ readable, writable int }

func (h *heard) Ready(e Events) {
	if e&Readable != 0 {
		h.readable++
	}
	if e&Writable != 0 {
		h.writable++
	}
}

func pair(t *testing.T) (a, b int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.SetNonblock(fd, true)
		t.Cleanup(func() { unix.Close(fd) })
	}
	return fds[0], fds[1]
}

func poller(t *testing.T) *Poller {
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestReadiness(t *testing.T) {
	p := poller(t)
	a, b := pair(t)
	var h heard
	if _, err := p.Add(a, &h); err != nil {
		t.Fatal(err)
	}
	p.Wait(-1)
	if h.writable != 1 || h.readable != 0 {
		t.Fatalf("a fresh socket: %+v; want writable once", h)
	}
	p.Wait(0)
	if h.writable != 1 {
		t.Errorf("notified again without a change: %+v", h)
	}
	for i := 1; i <= 2; i++ { // an edge for each arrival, even without a read
		unix.Write(b, []byte("x"))
		p.Wait(-1)
		if h.readable != i {
			t.Errorf("after %d arrivals: %+v", i, h)
		}
	}
	unix.Close(b)
	p.Wait(-1)
	if h.readable != 3 {
		t.Errorf("after the peer closed: %+v", h)
	}
}

func TestWake(t *testing.T) {
	p := poller(t)
	p.Wake() // before
	p.Wait(-1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			p.Wait(-1)
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
			p.Wake()
		}
	}
}

func TestWaitTimeout(t *testing.T) {
	p := poller(t)
	start := time.Now()
	p.Wait(time.Millisecond)
	p.sys.useMillis()
	p.Wait(time.Millisecond)
	if d := time.Since(start); d < 2*time.Millisecond {
		t.Errorf("two waits of 1 ms took %v", d)
	}
}

// A late event of a removed source does not reach the next source in its slot.
func TestLateEventIsIgnored(t *testing.T) {
	p := poller(t)
	a, _ := pair(t)
	var left, came heard
	k, err := p.Add(a, &left)
	if err != nil {
		t.Fatal(err)
	}
	p.Remove(k)
	p.Remove(k) // a second time is nothing
	again := p.table.add(&came)
	p.Wait(0)
	if left != (heard{}) || came != (heard{}) {
		t.Errorf("the removed source got %+v, the next one %+v", left, came)
	}
	if uint32(again) != uint32(k) || again == k {
		t.Errorf("tokens %x and %x: want the same slot with another use count", k, again)
	}
}

func TestAdd_BadDescriptor(t *testing.T) {
	p := poller(t)
	if _, err := p.Add(-1, &heard{}); err == nil {
		t.Error("a bad descriptor was accepted")
	}
	if len(p.table.free) != 1 {
		t.Error("its slot was not freed")
	}
}

func TestMoreEventsThanFit(t *testing.T) {
	p := poller(t)
	hs := make([]heard, 300)
	for i := range hs {
		a, _ := pair(t)
		if _, err := p.Add(a, &hs[i]); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		p.Wait(0)
	}
	for i, h := range hs {
		if h.writable != 1 {
			t.Fatalf("source %d got %+v", i, h)
		}
	}
}

func TestClosed(t *testing.T) {
	p := poller(t)
	p.Close()
	p.Close()
	p.Wake()
}

// A descriptor whose open file has other descriptors may be watched again after RemoveShared.
func TestRemoveShared(t *testing.T) {
	p := poller(t)
	a, b := pair(t)
	other, err := unix.Dup(a) // keeps the file open
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(other)
	var first, second heard
	k, err := p.Add(a, &first)
	if err != nil {
		t.Fatal(err)
	}
	p.Wait(0)
	first = heard{}
	p.RemoveShared(a, k)
	if _, err := p.Add(a, &second); err != nil {
		t.Fatalf("Add again: %v", err)
	}
	unix.Write(b, []byte("x"))
	p.Wait(0)
	if first != (heard{}) || second.readable == 0 {
		t.Errorf("the removed source got %+v, the other %+v", first, second)
	}
}
