//go:build linux && !asyncio_portable

package memnet_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

var scenes = []struct {
	name     string
	networks string // default: tcp and unix
	whole    bool   // it counts on bytes coming at once
	play     func(ctx context.Context, s *scene, network string)
}{
	{name: "echo", play: func(ctx context.Context, s *scene, network string) {
		l := s.listen(ctx, network)
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(_ context.Context, c *aionet.Conn) error {
				n, err := io.Copy(c, c)
				s.see("the server copied %d: %v", n, err)
				return err
			})
		})
		c, err := aionet.Dial(ctx, network, l.Addr().String())
		s.see("dialled: %v", err)
		for i := range 5 {
			fmt.Fprintf(c, "hello %d", i)
			s.see("got %s", s.readAll(c, 7))
		}
		s.see("closed: %v", c.Close())
		s.see("shut down: %v", l.Shutdown(ctx))
		_, err = server.Await(ctx)
		s.see("served: %v", err)
	}},

	{name: "half-close", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("question")))
		s.see("client ends: %v", client.CloseWrite())
		s.see("client ends again: %v", client.CloseWrite())
		s.write("client", client)
		b, err := io.ReadAll(server)
		s.see("server got %q: %v", b, err)
		s.read("server", server)
		s.must(server.Write([]byte("answer")))
		s.see("client got %q", s.readAll(client, 6))
		s.see("server closes: %v", server.Close())
		s.read("client", client)
		s.read("client", client)
		s.see("client closes: %v", client.Close())
	}},

	{name: "closed without reading", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("never read")))
		s.see("server has %q", s.readAll(server, 1)) // the rest has arrived
		server.Close()
		s.read("client", client)
		s.read("client", client)
		s.write("client", client)
		s.see("client ends: %v", client.CloseWrite())
		s.see("client closes: %v", client.Close())
	}},

	{name: "last words before a reset", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("never read")))
		s.see("server has %q", s.readAll(server, 1))
		s.must(server.Write([]byte("last words")))
		server.Close()
		s.see("client got %q", s.readAll(client, 10))
		s.read("client", client)
		s.read("client", client)
		s.write("client", client)
	}},

	{name: "a reset seen by the writer", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("never read")))
		s.see("server has %q", s.readAll(server, 1))
		server.Close()
		s.writeUntil(ctx, "client", client)
		s.write("client", client)
		s.read("client", client)
	}, networks: "tcp"},

	{name: "reset after the end", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("never read")))
		s.see("server has %q", s.readAll(server, 1))
		server.CloseWrite()
		s.read("client", client)
		server.Close()
		s.writeUntil(ctx, "client", client)
		s.write("client", client)
		s.read("client", client)
	}},

	{name: "writing to who has closed", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		server.Close()
		s.read("client", client)
		s.writeUntil(ctx, "client", client)
		s.write("client", client)
		s.read("client", client)
		s.see("client closes: %v", client.Close())
	}},

	{name: "the first write to who has closed", networks: "tcp", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		server.Close()
		s.read("client", client)
		s.write("client", client)
	}},

	{name: "closed while the other writes", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		writer := asyncio.Go(ctx, func(ctx context.Context) error {
			n, err := client.Write(make([]byte, 64<<20))
			s.see("some were written: %t, all: %t, %v", n > 0, n == 64<<20, err)
			return nil
		})
		s.see("server has %q", s.readAll(server, 1))
		server.Close()
		writer.Await(ctx)
		s.write("client", client)
	}},

	{name: "ended while it writes", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		writer := asyncio.Go(ctx, func(ctx context.Context) error {
			n, err := client.Write(make([]byte, 64<<20))
			s.see("some were written: %t, all: %t, %v", n > 0, n == 64<<20, err)
			return nil
		})
		s.see("server has %q", s.readAll(server, 1))
		client.CloseWrite()
		writer.Await(ctx)
		n, err := io.Copy(io.Discard, server)
		s.see("server got some: %t, %v", n > 0, err)
	}},

	{name: "closed while it reads", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		reader := asyncio.Go(ctx, func(ctx context.Context) error {
			s.read("client", client)
			return nil
		})
		asyncio.Sleep(ctx, 0)
		_, err := client.Read(make([]byte, 1))
		s.see("a second reader: %v", err)
		s.see("client closes: %v", client.Close())
		reader.Await(ctx)
		s.read("server", server)
	}},

	{name: "after close", play: func(ctx context.Context, s *scene, network string) {
		client, _ := s.connect(ctx, network)
		s.see("closes: %v", client.Close())
		s.see("closes again: %v", client.Close())
		s.read("client", client)
		s.write("client", client)
		s.see("ends: %v", client.CloseWrite())
		s.see("deadline: %v", client.SetDeadline(time.Now()))
		s.see("addresses: %t %t", client.LocalAddr() != nil, client.RemoteAddr() != nil)
	}},

	{name: "deadlines", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		client.SetReadDeadline(time.Now().Add(-time.Second))
		s.read("client, too late,", client)
		s.write("client", client)
		client.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		s.read("client, for a while,", client)
		client.SetReadDeadline(time.Time{})
		reader := asyncio.Go(ctx, func(ctx context.Context) error {
			s.read("client, without a deadline,", client)
			return nil
		})
		asyncio.Sleep(ctx, 0)
		client.SetReadDeadline(time.Now())
		reader.Await(ctx)
		client.SetDeadline(time.Time{})
		s.must(server.Write([]byte("late")))
		s.see("client got %q", s.readAll(client, 4))
		client.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
		n, err := client.Write(make([]byte, 64<<20))
		s.see("some were written: %t, all: %t, %v", n > 0, n == 64<<20, err)
	}},

	{name: "cancelled while it reads", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		reader := asyncio.Go(ctx, func(ctx context.Context) error {
			s.read("client", client)
			s.read("client, cancelled,", client)
			return nil
		})
		asyncio.Sleep(ctx, 0)
		s.must(server.Write([]byte("x")))
		s.see("client got %q", s.readAllLater(ctx, client, reader))
		server.Close()
		s.read("client", client)
	}},

	{name: "a big transfer to a slow reader", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		sent := make([]byte, 16<<20)
		rand.NewChaCha8([32]byte{1}).Read(sent)
		done := false
		writer := asyncio.Go(ctx, func(ctx context.Context) error {
			n, err := client.Write(sent)
			s.see("written %d: %v", n, err)
			done = true
			return client.Close()
		})
		for range 100 {
			asyncio.Sleep(ctx, 0)
		}
		s.see("the writer has not waited: %t", done)
		h := sha256.New()
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{server}, make([]byte, 10_000))
		s.see("read %d: %v", n, err)
		want := sha256.Sum256(sent)
		s.see("the same: %t", string(h.Sum(nil)) == string(want[:]))
		writer.Await(ctx)
	}},

	{name: "both ways at once", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		const k = 4 << 20
		var tasks []*asyncio.Task[struct{}]
		for _, c := range []*aionet.Conn{client, server} {
			tasks = append(tasks, asyncio.Go(ctx, func(ctx context.Context) error {
				defer c.CloseWrite()
				n, err := c.Write(make([]byte, k))
				if n != k || err != nil {
					s.see("wrote %d: %v", n, err)
				}
				return nil
			}), asyncio.Go(ctx, func(ctx context.Context) error {
				if n, err := io.Copy(io.Discard, c); n != k || err != nil {
					s.see("read %d: %v", n, err)
				}
				return nil
			}))
		}
		_, err := asyncio.Gather(ctx, tasks...)
		s.see("all: %v", err)
	}},

	{name: "nothing to read or write", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		n, err := client.Write(nil)
		s.see("writes %d: %v", n, err)
		s.must(server.Write([]byte("x")))
		s.see("got %q", s.readAll(client, 1))
		client.Close()
		s.read("server", server)
	}},

	{name: "lent buffers", whole: true, play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		s.must(client.Write([]byte("hello")))
		b, err := server.Next()
		s.see("next %q: %v", b, err)
		client.Close()
		b, err = server.Next()
		s.see("next %q: %v", b, err)
		server.Release()
	}},

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

	{name: "a listener closes with somebody in its queue", play: func(ctx context.Context, s *scene, network string) {
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

	{name: "datagrams", networks: "udp unixgram", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		for _, size := range []int{0, 1, 1000} {
			n, err := one.WriteTo(make([]byte, size), two.LocalAddr())
			s.see("wrote %d: %v", n, err)
			n, from, err := two.ReadFrom(make([]byte, 2000))
			s.see("read %d: %v", n, err)
			s.see("from: %t", from != nil && from.String() == one.LocalAddr().String() && from.Network() == network)
		}
		s.must(one.WriteTo([]byte("cut short"), two.LocalAddr()))
		b := make([]byte, 3)
		n, _, err := two.ReadFrom(b)
		s.see("read %q: %v", b[:n], err)
		two.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _, err = two.ReadFrom(b)
		s.see("read: %v", err)
		s.see("closes: %v", two.Close())
		s.see("closes again: %v", two.Close())
		_, _, err = two.ReadFrom(b)
		s.see("read: %v", err)
		_, err = two.WriteTo(b, one.LocalAddr())
		s.see("write: %v", err)
		_, err = one.WriteTo(b, &net.TCPAddr{})
		s.see("write to another kind of address: %t", err != nil)
	}},

	{name: "datagrams to nobody", networks: "udp unixgram", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		two.Close()
		n, err := one.WriteTo([]byte("x"), two.LocalAddr())
		s.see("wrote %d: %v", n, err)
		c, err := aionet.Dial(ctx, network, two.LocalAddr().String())
		s.see("dials: %v", err)
		if err == nil {
			s.write("dialled", c)
			s.read("dialled", c)
			s.write("dialled", c)
		}
	}},

	{name: "datagrams that are too long", networks: "udp", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		n, err := one.WriteTo(make([]byte, 65507), two.LocalAddr())
		s.see("wrote %d: %v", n, err)
		n, _, err = two.ReadFrom(make([]byte, 70_000))
		s.see("read %d: %v", n, err)
		n, err = one.WriteTo(make([]byte, 65508), two.LocalAddr())
		s.see("wrote %d: %v", n, err)
	}},

	{name: "dialled datagrams", networks: "udp", play: func(ctx context.Context, s *scene, network string) {
		server, stranger := s.packets(ctx, network), s.packets(ctx, network)
		c, err := aionet.Dial(ctx, network, server.LocalAddr().String())
		s.see("dials: %v", err)
		s.write("dialled", c)
		b := make([]byte, 10)
		n, from, err := server.ReadFrom(b)
		s.see("read %q: %v", b[:n], err)
		s.see("from: %t", from.String() == c.LocalAddr().String())
		s.must(stranger.WriteTo([]byte("from a stranger"), from))
		s.must(server.WriteTo([]byte("answer"), from))
		s.must(server.WriteTo(nil, from))
		n, err = c.Read(b)
		s.see("dialled read %q: %v", b[:n], err)
		s.read("dialled, nothing,", c)
		s.see("closes: %v", c.Close())
	}},

	{name: "datagrams nobody reads", networks: "unixgram", play: func(ctx context.Context, s *scene, network string) {
		one, two := s.packets(ctx, network), s.packets(ctx, network)
		short, cancel := asyncio.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		var sent int
		var err error
		writer := asyncio.Go(short, func(ctx context.Context) error {
			for ; err == nil && sent < 1_000_000; sent++ {
				_, err = one.WriteTo(make([]byte, 1000), two.LocalAddr())
			}
			return nil
		})
		writer.Await(ctx)
		s.see("the writer waits: %v", err)
		_, _, err = two.ReadFrom(make([]byte, 1000))
		s.see("read: %v", err)
		_, err = one.WriteTo(make([]byte, 1000), two.LocalAddr())
		s.see("and now writes: %v", err)
	}},
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	return fmt.Sprint(host, errors.Unwrap(err))
}

// readAllLater cancels who reads, and reads what has arrived.
func (s *scene) readAllLater(ctx context.Context, c *aionet.Conn, reader *asyncio.Task[struct{}]) string {
	reader.Cancel(nil)
	reader.Await(ctx)
	return s.readAll(c, 1)
}
