//go:build linux && !asyncio_portable

package memnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

var addressScenes = []aScene{
	{name: "refused", play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		s.see("closes: %v", l.Close())
		s.see("closes again: %v", l.Close())
		_, err := l.Accept(ctx)
		s.see("accepts: %v", err)
		_, err = aionet.Dial(ctx, network, l.Addr().String())
		s.see("dials: %v", err)
	}},

	{name: "taken", play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		_, err := aionet.Listen(ctx, network, l.Addr().String())
		s.see("listens: %v", err)
		l.Close()
		again, err := aionet.Listen(ctx, network, l.Addr().String())
		s.see("listens after it was closed: %v", err)
		s.see("the same address: %t", err == nil && again.Addr().String() == l.Addr().String())
	}},

	{name: "taken by every host", networks: "tcp", play: func(ctx context.Context, s *scene, network string) {
		l, err := aionet.Listen(ctx, network, ":0")
		s.see("listens: %v", err)
		s.see("address: %t", strings.HasPrefix(l.Addr().String(), "[::]:"))
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_, err = aionet.Listen(ctx, network, "127.0.0.1:"+port)
		s.see("listens: %v", err)
		for _, host := range []string{"127.0.0.1", "localhost", "", "0.0.0.0", "[::]", "[::1]"} {
			c, err := aionet.Dial(ctx, network, host+":"+port)
			if err != nil {
				s.see("dials %q: %v", host, err)
				continue
			}
			a, err := l.Accept(ctx)
			s.see("accepts: %v", err)
			s.see("%q leads to %v, known as %v, from %v, known as %v", host, hostOf(c.RemoteAddr()), hostOf(a.LocalAddr()), hostOf(a.RemoteAddr()), hostOf(c.LocalAddr()))
			s.see("ports: %t %t", c.LocalAddr().String() == a.RemoteAddr().String(), c.RemoteAddr().String() == a.LocalAddr().String())
			c.Close()
			a.Close()
		}
	}},

	{name: "shared", networks: "tcp", play: func(ctx context.Context, s *scene, network string) {
		one, err := aionet.Listen(ctx, network, "127.0.0.1:0", aionet.ReusePort())
		s.see("one: %v", err)
		two, err := aionet.Listen(ctx, network, one.Addr().String(), aionet.ReusePort())
		s.see("two: %v", err)
		_, err = aionet.Listen(ctx, network, one.Addr().String())
		s.see("without the option: %v", err)
		two.Close()
		c, err := aionet.Dial(ctx, network, one.Addr().String())
		s.see("dials: %v", err)
		_, err = one.Accept(ctx)
		s.see("accepts: %v", err)
		c.Close()
	}},

	{name: "a listener closes with a connection in its backlog", play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		c, err := aionet.Dial(ctx, network, l.Addr().String())
		s.see("dials: %v", err)
		l.Close()
		s.read("client", c)
		s.read("client", c)
		s.write("client", c)
	}},

	{name: "gone before it was accepted", whole: true, play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		c, err := aionet.Dial(ctx, network, l.Addr().String())
		s.see("dials: %v", err)
		s.must(c.Write([]byte("hello")))
		c.Close()
		a, err := l.Accept(ctx)
		s.see("accepts: %v", err)
		s.see("got %q", s.readAll(a, 5))
		s.read("server", a)
	}},

	{name: "accept is cancelled", play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		short, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := l.Accept(short)
		s.see("accepts: %v", err)
		accepting := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := l.Accept(ctx)
			s.see("accepts: %v", err)
			return nil
		})
		asyncio.Sleep(ctx, 0)
		l.Close()
		accepting.Await(ctx)
	}},

	{name: "no such network or address", networks: "tcp", play: func(ctx context.Context, s *scene, _ string) {
		for _, a := range [][2]string{
			{"tcpx", "localhost:0"}, {"tcp5", "localhost:0"}, {"udp", "localhost:0"}, {"tcp", "localhost"}, {"tcp", "localhost:99999"},
			{"tcp", "localhost:-1"}, {"tcp", "localhost:nosuchservice"}, {"tcp4", "[::1]:0"}, {"tcp6", "127.0.0.1:0"},
		} {
			_, err := aionet.Listen(ctx, a[0], a[1])
			s.see("listens at %v: %v", a, err)
			_, err = aionet.ListenPacket(ctx, a[0], a[1])
			s.see("has packets at %v: %t", a, err == nil)
			if a[0] != "udp" {
				_, err = aionet.Dial(ctx, a[0], a[1])
				s.see("dials %v: %v", a, err)
			}
		}
	}},

	{name: "dialling is cancelled", play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		dial := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := aionet.Dial(ctx, network, l.Addr().String())
			s.see("dials: %v", err)
			return nil
		})
		asyncio.Sleep(ctx, 0)
		dial.Cancel(nil)
		dial.Await(ctx)
	}},

	{name: "reading ended", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(server.Write([]byte("before")))
		s.see("got %q", s.readAll(client, 6))
		reader := asyncio.Go(ctx, func(ctx context.Context) error {
			s.read("client", client)
			return nil
		})
		asyncio.Sleep(ctx, 0)
		s.see("ends: %v", client.CloseRead())
		reader.Await(ctx)
		s.read("client", client)
		s.must(client.Write([]byte("still")))
		s.see("server got %q", s.readAll(server, 5))
		if network == "unix" {
			s.write("server", server)
		}
		s.see("closes: %v", client.Close())
	}},

	{name: "closed abruptly", networks: "tcp", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.see("linger: %v", client.SetLinger(0))
		s.see("no delay: %v", client.SetNoDelay(true))
		s.see("keep-alive: %v", client.SetKeepAlivePeriod(time.Second))
		s.see("buffers: %v %v", client.SetReadBuffer(1<<16), client.SetWriteBuffer(1<<16))
		client.Close()
		s.read("server", server)
		s.see("no delay: %v", client.SetNoDelay(true))
	}},

	{name: "messages", networks: "unixpacket", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("one")))
		s.must(client.Write([]byte("two, cut short")))
		b := make([]byte, 3)
		for range 2 {
			n, err := server.Read(b)
			s.see("read %q: %v", b[:n], err)
		}
		server.SetReadDeadline(time.Now().Add(time.Millisecond))
		s.read("server, nothing,", server)
		server.SetReadDeadline(time.Time{})
		client.Close()
		s.read("server", server)
		s.write("server", server)
	}},

	{name: "a time-out for one line", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		short, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		n, err := client.WithContext(short).Read(make([]byte, 1))
		s.see("read %d: %v", n, err)
		s.must(server.Write([]byte("y")))
		s.see("got %q", s.readAll(client.WithContext(ctx), 1))
	}},

	{name: "a file", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		name := s.address("unix")
		if err := os.WriteFile(name, make([]byte, 3<<20), 0o600); err != nil {
			s.t.Fatal(err)
		}
		sender := asyncio.Go(ctx, func(ctx context.Context) error {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			n, err := io.Copy(client, f)
			s.see("sent %d: %v", n, err)
			return client.Close()
		})
		n, err := io.Copy(io.Discard, server)
		s.see("got %d: %v", n, err)
		_, err = sender.Await(ctx)
		s.see("sender: %v", err)
	}},

	{name: "from a thread", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		echo := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := io.Copy(server, server)
			return err
		})
		got, err := asyncio.ToThread(ctx, func(context.Context) (string, error) {
			s.must(client.Write([]byte("from a thread")))
			got := s.readAll(client, 13)
			return got, client.Close()
		})
		s.see("got %q: %v", got, err)
		_, err = echo.Await(ctx)
		s.see("echo: %v", err)
	}},
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	return fmt.Sprint(host, errors.Unwrap(err))
}
