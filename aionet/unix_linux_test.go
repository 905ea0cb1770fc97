package aionet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/asyncio-go/asyncio/aionet"
)

// What unix sockets are on Linux alone.

func TestUnixPacket(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l, err := aionet.Listen(ctx, "unixpacket", filepath.Join(t.TempDir(), "socket"))
		if err != nil {
			t.Fatal(err)
		}
		c := dial(ctx, t, l.Addr())
		far, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := far.RemoteAddr().Network(); got != "unixpacket" {
			t.Errorf("RemoteAddr is of %q", got)
		}
		write(t, c, "one")
		write(t, c, "two")
		p := make([]byte, 100)
		for _, want := range []string{"one", "two"} {
			if n, err := far.Read(p); string(p[:n]) != want || err != nil {
				t.Errorf("Read: %q, %v; want %q", p[:n], err, want)
			}
		}
		shut(t, c)
		wantEOF(t, far)
		shut(t, far, l)
	})
}

// A name that is no file, and one that the system chooses.
func TestUnixAbstract(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		for _, name := range []string{fmt.Sprintf("@aionet-%d", os.Getpid()), ""} {
			l, err := aionet.Listen(ctx, "unix", name)
			if err != nil {
				t.Fatal(err)
			}
			c := dial(ctx, t, l.Addr())
			far, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			write(t, c, "x")
			wantRead(t, far, "x")
			shut(t, c, far, l)
		}
	})
}
