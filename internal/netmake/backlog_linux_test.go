package netmake

import (
	"errors"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A sealed backlog is empty when accepting finds none. Without a free descriptor accepting
// fails, and connections may be left.
func TestSealedBacklog_WithoutDescriptors(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	b := listening(l, false).Backlog()
	if !b.seal() {
		t.Fatal("the backlog is not sealed")
	}
	undo := noDescriptors(t)
	c, err := b.Accept(time.Minute)
	undo()
	if c != nil || !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("without a descriptor: %v, %v, want EMFILE", c, err)
	}
	for i := range 2 {
		c, err := b.Accept(time.Minute)
		if err != nil || c == nil {
			t.Fatalf("connection %d: %v, %v", i, c, err)
		}
		c.Close()
	}
	if c, err := b.Accept(time.Millisecond); c != nil || err != nil {
		t.Errorf("at the end: %v, %v", c, err)
	}
}

// noDescriptors prevents the process from opening descriptors, until undo is called.
func noDescriptors(t *testing.T) (undo func()) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}
}
