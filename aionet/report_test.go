package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A reset, time-out or close of the connection itself is logged at debug level. Every kind of
// error is counted.
func TestMetrics_CountHandlerErrorsByKind(t *testing.T) {
	read := func(_ context.Context, c *aionet.Conn) error {
		_, err := c.Read(make([]byte, 1))
		return err
	}
	for name, c := range map[string]struct {
		handler func(ctx context.Context, c *aionet.Conn) error
		client  func(c *net.TCPConn)
		level   string
		want    asyncio.ConnectionMetrics
	}{
		"reset": {handler: read, client: func(c *net.TCPConn) { c.SetLinger(0); c.Close() }, level: "DEBUG", want: asyncio.ConnectionMetrics{Resets: 1}},
		"deadline": {handler: func(ctx context.Context, c *aionet.Conn) error {
			c.SetReadDeadline(time.Now())
			return read(ctx, c)
		}, level: "DEBUG", want: asyncio.ConnectionMetrics{Timeouts: 1}},
		"closed here": {handler: func(ctx context.Context, c *aionet.Conn) error {
			c.Close()
			return read(ctx, c)
		}, level: "DEBUG", want: asyncio.ConnectionMetrics{Closed: 1}},
		"wrapped": {handler: func(ctx context.Context, c *aionet.Conn) error {
			c.Close()
			return fmt.Errorf("reading the greeting: %w", read(ctx, c))
		}, level: "DEBUG", want: asyncio.ConnectionMetrics{Closed: 1}},
		"an error": {handler: func(context.Context, *aionet.Conn) error { return errors.New("no such page") },
			level: "WARN", want: asyncio.ConnectionMetrics{Failed: 1}},
		"a panic": {handler: func(context.Context, *aionet.Conn) error { panic("boom") },
			level: "ERROR", want: asyncio.ConnectionMetrics{Failed: 1}},
		"another connection's": {handler: func(ctx context.Context, c *aionet.Conn) error {
			other, err := aionet.Dial(ctx, "tcp", c.LocalAddr().String())
			if err != nil {
				return err
			}
			other.Close()
			return read(ctx, other)
		}, level: "WARN", want: asyncio.ConnectionMetrics{Failed: 1}},
		"the end": {handler: read, client: func(c *net.TCPConn) { c.CloseWrite() }},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			onLoop(t, func(ctx context.Context) {
				begun := 0
				l, end := serve(ctx, t, func(ctx context.Context, conn *aionet.Conn) error {
					if begun++; begun > 1 {
						return nil // the connection that the handler has made
					}
					return c.handler(ctx, conn)
				})
				client, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				until(ctx, t, "the handler has begun", func() bool { return begun > 0 })
				if c.client != nil {
					c.client(client.(*net.TCPConn))
				}
				until(ctx, t, "the error is counted", func() bool {
					return c.want == asyncio.ConnectionMetrics{} || asyncio.LoopOf(ctx).Metrics().Connections != asyncio.ConnectionMetrics{}
				})
				client.Close()
				end()
				if got := asyncio.LoopOf(ctx).Metrics().Connections; got != c.want {
					t.Errorf("counted %+v, want %+v", got, c.want)
				}
			}, asyncio.WithLogger(logger), asyncio.WithStallThreshold(0))
			if text := log.String(); c.level == "" && text != "" || !strings.Contains(text, c.level) || strings.Count(text, "\n") > 1 {
				t.Errorf("logged %q, want one line at level %s", text, c.level)
			}
		})
	}
}
