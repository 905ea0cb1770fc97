//go:build unix

package aionet_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio/aionet"
)

// The option Control reaches every socket before it is used.

func TestControlIsCalled(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		var networks []string
		control := aionet.Control(func(network, addr string, c syscall.RawConn) error {
			networks = append(networks, network)
			return c.Control(func(fd uintptr) {
				if _, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE); err != nil {
					t.Error(err)
				}
			})
		})
		l := listen(ctx, t, control, nil) // a nil option is none
		c := dial(ctx, t, l.Addr(), control)
		p, err := aionet.ListenPacket(ctx, "udp4", "127.0.0.1:0", control, aionet.ReusePort())
		if err != nil {
			t.Fatal(err)
		}
		shut(t, l, c, p)
		if got := strings.Join(networks, " "); got != "tcp4 tcp4 udp4" {
			t.Errorf("called for %q", got)
		}
		errNo := errors.New("no")
		no := aionet.Control(func(string, string, syscall.RawConn) error { return errNo })
		_, err = aionet.Listen(ctx, "tcp", "127.0.0.1:0", no)
		wantErr(t, "Listen", err, errNo)
		_, err = aionet.Dial(ctx, "tcp", l.Addr().String(), no)
		wantErr(t, "Dial", err, errNo)
		_, err = aionet.ListenPacket(ctx, "udp", "127.0.0.1:0", no)
		wantErr(t, "ListenPacket", err, errNo)
	})
}
