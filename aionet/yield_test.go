package aionet_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// yields calls op n times in the calling task. It fails the test unless another task runs in
// between.
func yields(ctx context.Context, t *testing.T, name string, n int, op func() error) {
	t.Helper()
	neighbour := 0
	other := asyncio.Go(ctx, func(ctx context.Context) error {
		for asyncio.Sleep(ctx, 0) == nil {
			neighbour++
		}
		return nil
	})
	turns(ctx, t, 3)
	before := neighbour
	for i := range n {
		if err := op(); err != nil {
			t.Errorf("%s, call %d: %v", name, i, err)
			break
		}
	}
	if neighbour == before {
		t.Errorf("%s: %d calls in a row, and no other task ran", name, n)
	}
	other.Cancel(nil)
	other.Await(context.WithoutCancel(ctx))
}

// onEachNetwork runs body on a loop with the system's network, and on one with a network in
// memory.
func onEachNetwork(t *testing.T, body func(ctx context.Context, t *testing.T)) {
	t.Run("system", func(t *testing.T) { onLoop(t, func(ctx context.Context) { body(ctx, t) }) })
	t.Run("memory", func(t *testing.T) { asynciotest.Run(t, body) })
}

// refused returns an operation that fails unless call fails.
func refused(call func() error) func() error {
	return func() error {
		if call() == nil {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
}

// A task whose calls never wait yields to other tasks, even if the calls transfer nothing or
// fail at once.
func TestCallsThatNeverWaitYield(t *testing.T) {
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		near, far := pair(ctx, t)
		view := near.WithContext(ctx).(interface {
			net.Conn
			Next() ([]byte, error)
		})
		read := func(r io.Reader, p []byte) func() error { return func() error { _, err := r.Read(p); return err } }
		write := func(w io.Writer, p []byte) func() error { return func() error { _, err := w.Write(p); return err } }
		yields(ctx, t, "Read of nothing", 200, read(near, nil))
		yields(ctx, t, "a view's Read of nothing", 200, read(view, nil))
		yields(ctx, t, "Write of nothing", 200, write(near, nil))
		yields(ctx, t, "a view's Write of nothing", 200, write(view, nil))

		reader := reading(ctx, near)
		turns(ctx, t, 3)
		yields(ctx, t, "Read beside a reader", 200, refused(read(near, make([]byte, 1))))
		yields(ctx, t, "Next beside a reader", 200, refused(func() error { _, err := near.Next(); return err }))
		shut(t, far)
		if _, err := reader.Await(ctx); err != io.EOF {
			t.Errorf("the reader: %v", err)
		}
		yields(ctx, t, "Read at the end", 200, refused(read(near, make([]byte, 1))))
		yields(ctx, t, "Next at the end", 200, refused(func() error { _, err := near.Next(); return err }))
		yields(ctx, t, "a view's Next at the end", 200, refused(func() error { _, err := view.Next(); return err }))
		near.SetDeadline(time.Now().Add(-time.Second))
		yields(ctx, t, "Read after the deadline", 200, refused(read(near, make([]byte, 1))))
		yields(ctx, t, "Next after the deadline", 200, refused(func() error { _, err := near.Next(); return err }))
		yields(ctx, t, "Write after the deadline", 200, refused(write(near, []byte("x"))))
		shut(t, near)
		yields(ctx, t, "Read after Close", 200, refused(read(near, make([]byte, 1))))
		yields(ctx, t, "Write after Close", 200, refused(write(near, []byte("x"))))
	})
}

// TLS connections, listeners and sockets for datagrams yield too.
func TestCallsThatNeverWaitYield_OffTheLoop(t *testing.T) {
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		yields(ctx, t, "TLS: Read of nothing", 200, func() error { _, err := c.Read(nil); return err })
		yields(ctx, t, "TLS: Write of nothing", 200, func() error { _, err := c.Write(nil); return err })
		shut(t, s)
		yields(ctx, t, "TLS: Read at the end", 200, refused(func() error { _, err := c.Read(make([]byte, 1)); return err }))
		shut(t, c)
		yields(ctx, t, "TLS: Read after Close", 200, refused(func() error { _, err := c.Read(make([]byte, 1)); return err }))
		yields(ctx, t, "TLS: Write after Close", 200, refused(func() error { _, err := c.Write(nil); return err }))

		l := listen(ctx, t)
		shut(t, l)
		yields(ctx, t, "Accept after Close", 200, refused(func() error { _, err := l.Accept(ctx); return err }))

		p, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		yields(ctx, t, "WriteTo of nothing", 200, func() error { _, err := p.WriteTo(nil, p.LocalAddr()); return err })
		yields(ctx, t, "WriteTo of too much", 200, refused(func() error { _, err := p.WriteTo(make([]byte, 1<<17), p.LocalAddr()); return err }))
		shut(t, p)
		yields(ctx, t, "ReadFrom after Close", 200, refused(func() error { _, _, err := p.ReadFrom(nil); return err }))
	})
}

// A peer that sends empty datagrams does not starve the loop.
func TestEmptyDatagramsDoNotStarve(t *testing.T) {
	const n = 130 // a socket's receive buffer holds that many
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		for _, c := range []struct {
			name string
			read func(ctx context.Context, c *aionet.Conn) func() error
		}{
			{"Read", func(ctx context.Context, c *aionet.Conn) func() error {
				return func() error { _, err := c.Read(make([]byte, 10)); return err }
			}},
			{"Next", func(ctx context.Context, c *aionet.Conn) func() error {
				return func() error { _, err := c.Next(); return err }
			}},
			{"a view's Next", func(ctx context.Context, c *aionet.Conn) func() error {
				v := c.WithContext(ctx).(interface{ Next() ([]byte, error) })
				return func() error { _, err := v.Next(); return err }
			}},
			{"io.Copy", func(ctx context.Context, c *aionet.Conn) func() error {
				left := n
				return func() error {
					if left == 0 {
						return nil
					}
					_, err := io.Copy(writerFunc(func(p []byte) (int, error) {
						if left--; left == 0 {
							return 0, io.ErrShortWrite
						}
						return 0, nil
					}), c)
					if err == io.ErrShortWrite {
						err = nil
					}
					return err
				}
			}},
		} {
			sender, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			receiver, err := aionet.Dial(ctx, "udp", sender.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			for range n {
				if _, err := sender.WriteTo(nil, receiver.LocalAddr()); err != nil {
					t.Fatal(err)
				}
			}
			receiver.SetReadDeadline(time.Now().Add(guard))
			yields(ctx, t, c.name, n, c.read(ctx, receiver))
			shut(t, sender, receiver)
		}
	})
}
