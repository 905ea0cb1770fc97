//go:build unix

package aionet_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func TestProtocol_ConnectionLostAfterReset(t *testing.T) {
	reset := func(c *aionet.Conn) {
		raw, _ := c.SyscallConn()
		raw.Control(func(fd uintptr) {
			syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		})
		c.Close()
	}
	t.Run("while it waits for data", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			var made asyncio.Event
			s := &script{made: func(*script) { made.Set() }}
			server := serveProtocol(ctx, t, one(s))
			c := server.dial(ctx, t)
			if err := made.Wait(ctx); err != nil {
				return err
			}
			reset(c)
			server.stop(ctx, t)
			s.expect(t, "made lost")
			var op *net.OpError
			if !errors.Is(s.err, syscall.ECONNRESET) || !errors.As(s.err, &op) {
				t.Errorf("ConnectionLost(%v), want a reset in an OpError", s.err)
			}
			return nil
		})
	})
	t.Run("with reading paused and a backlog", func(t *testing.T) {
		onWire(t, func(ctx context.Context) error {
			var made asyncio.Event
			s := &script{made: func(s *script) {
				s.t.PauseReading()
				fill(s.t)
				s.t.Write(make([]byte, 64<<20))
				s.t.Close()
				made.Set()
			}}
			server := serveProtocol(ctx, t, one(s))
			c := server.dial(ctx, t)
			if err := made.Wait(ctx); err != nil {
				return err
			}
			reset(c)
			server.stop(ctx, t)
			if s.err == nil || s.calls[len(s.calls)-1] != "lost" {
				t.Errorf("called: %s; ConnectionLost(%v), want an error", s.story(), s.err)
			}
			return nil
		})
	})
}
