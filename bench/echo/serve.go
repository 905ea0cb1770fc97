//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/panjf2000/gnet/v2"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// serve echoes until standard input ends, and prints its port first.
func serve(mode string) {
	if mode == "heart" {
		serveHeart()
		return
	}
	mode, idle := strings.CutSuffix(mode, "-idle")
	buffer := bufferLen
	if idle {
		buffer = 512
		go answerMemory()
	} else {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	switch mode {
	case "net":
		serveNet(buffer)
	case "gnet":
		serveGnet()
	case "floor":
		serveFloor()
	case "conn":
		serveLoop(func(_ context.Context, c *aionet.Conn) error { return echoOwn(c, buffer) })
	case "next":
		serveLoop(echoLent)
	case "protocol":
		serveProtocol()
	default:
		fail(fmt.Errorf("no server %q: net, gnet, conn, next, protocol or floor", mode))
	}
}

const bufferLen = 64 << 10

func serveNet(buffer int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	ready(l.Addr())
	for {
		c, err := l.Accept()
		fail(err)
		go func() {
			defer c.Close()
			b := make([]byte, buffer)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				if _, err := c.Write(b[:n]); err != nil {
					return
				}
			}
		}()
	}
}

func ready(a net.Addr) { fmt.Println(a.(*net.TCPAddr).Port) }

// serveLoop is ours.
func serveLoop(handler func(ctx context.Context, c *aionet.Conn) error) {
	fail(asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ready(l.Addr())
		return l.Serve(ctx, handler)
	}))
}

// echoOwn has a buffer for each connection, as programs for package net have.
func echoOwn(c *aionet.Conn, buffer int) error {
	b := make([]byte, buffer)
	for {
		n, err := c.Read(b)
		if err != nil {
			return err
		}
		if _, err := c.Write(b[:n]); err != nil {
			return err
		}
	}
}

// echoLent uses the loop's buffers.
func echoLent(_ context.Context, c *aionet.Conn) error {
	for {
		b, err := c.Next()
		if err != nil {
			return err
		}
		if _, err := c.Write(b); err != nil {
			return err
		}
	}
}

// echo is the same with callbacks.
type echo struct {
	aionet.BaseProtocol
	t *aionet.Transport
}

func (e *echo) ConnectionMade(t *aionet.Transport) { e.t = t }

func (e *echo) DataReceived(b []byte) { e.t.Write(b) }

func serveProtocol() {
	fail(asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ready(l.Addr())
		return l.ServeProtocol(ctx, func() aionet.Protocol { return &echo{} })
	}))
}

// gnetEcho is the echo as gnet's callbacks have it, with one event loop.
type gnetEcho struct {
	gnet.BuiltinEventEngine
	addr net.Addr
}

func (g *gnetEcho) OnBoot(gnet.Engine) gnet.Action {
	ready(g.addr)
	return gnet.None
}

func (*gnetEcho) OnTraffic(c gnet.Conn) gnet.Action {
	b, _ := c.Next(-1)
	c.Write(b)
	return gnet.None
}

func serveGnet() {
	l, err := net.Listen("tcp", "127.0.0.1:0") // gnet does not tell its port: a free one is found
	fail(err)
	addr := l.Addr()
	l.Close()
	fail(gnet.Run(&gnetEcho{addr: addr}, "tcp://"+addr.String()))
}
