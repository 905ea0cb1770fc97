//go:build linux && !asyncio_portable

package memnet_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// An aScene runs on each of its networks.
type aScene struct {
	name     string
	networks string // default: tcp and unix
	whole    bool   // its data must arrive in one piece
	play     func(ctx context.Context, s *scene, network string)
}

var scenes = slices.Concat(streamScenes, addressScenes, packetScenes)

var streamScenes = []aScene{
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

	{name: "writing to a closed peer", play: func(ctx context.Context, s *scene, network string) {
		client, server := s.connect(ctx, network)
		server.Close()
		s.read("client", client)
		s.writeUntil(ctx, "client", client)
		s.write("client", client)
		s.read("client", client)
		s.see("client closes: %v", client.Close())
	}},

	{name: "the first write to a closed peer", networks: "tcp", play: func(ctx context.Context, s *scene, network string) {
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
		writer := asyncio.Go(ctx, func(ctx context.Context) error {
			n, err := client.Write(make([]byte, 64<<20))
			s.see("some were written: %t, all: %t, %v", n > 0, n == 64<<20, err)
			return nil
		})
		s.see("server has %q", s.readAll(server, 1))
		client.SetWriteDeadline(time.Now())
		writer.Await(ctx)
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
}

// readAllLater cancels the reader and then reads the received data.
func (s *scene) readAllLater(ctx context.Context, c *aionet.Conn, reader *asyncio.Task[struct{}]) string {
	reader.Cancel(nil)
	reader.Await(ctx)
	return s.readAll(c, 1)
}
