package aionet_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// gate is a Protocol that waits for a channel when it is called.
type gate struct {
	aionet.BaseProtocol
	open chan struct{}
}

func (g gate) DataReceived([]byte) { <-g.open }

// A stall in a callback of a Protocol names the method, and advises a task.
func TestStall_NamesTheProtocolMethod(t *testing.T) {
	open := make(chan struct{})
	release := sync.OnceFunc(func() { close(open) })
	defer release()
	var seen asyncio.Stall
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.ServeProtocol(ctx, func() aionet.Protocol { return gate{open: open} })
		})
		asyncio.ToThread(ctx, func(context.Context) (int, error) { // runs while the loop is blocked
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				release()
				return 0, err
			}
			defer c.Close()
			c.Write([]byte("x"))
			<-open
			return 0, nil
		})
		server.Cancel(nil)
		server.Await(ctx)
		return nil
	}, asyncio.WithLogger(slog.New(slog.DiscardHandler)), asyncio.WithStallThreshold(40*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if s.Class == asyncio.StallChannel && s.Line > 0 && seen.Line == 0 {
			seen = s
			release()
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if seen.TaskName != "callback github.com/asyncio-go/asyncio/aionet_test.gate.DataReceived" || seen.Task != nil || !strings.Contains(seen.Advice, "asyncio.Go(ctx, ...)") {
		t.Errorf("by %q, advice %q", seen.TaskName, seen.Advice)
	}
}
