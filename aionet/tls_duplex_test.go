package aionet_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// sendRandom writes total bytes, in pieces of many sizes, and returns their hash.
func sendRandom(conn net.Conn, total int, seed byte) ([]byte, error) {
	random := rand.NewChaCha8([32]byte{seed})
	sizes := rand.New(random)
	sum := sha256.New()
	buf := make([]byte, 256<<10)
	for total > 0 {
		piece := buf[:min(total, 1+sizes.IntN(1<<sizes.IntN(19)))]
		random.Read(piece)
		sum.Write(piece)
		if n, err := conn.Write(piece); n != len(piece) || err != nil {
			return nil, fmt.Errorf("Write of %d: %d, %w", len(piece), n, err)
		}
		total -= len(piece)
	}
	return sum.Sum(nil), nil
}

func receive(conn net.Conn, sum hash.Hash) (got []byte, err error) {
	_, err = io.Copy(sum, conn)
	return sum.Sum(nil), err
}

// A task reads and another writes, on both sides, megabytes: nothing stops.
func TestTLS_readerAndWriterAtOnce(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		const total = 8 << 20
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		var sent, received [2][]byte
		var tasks []*asyncio.Task[struct{}]
		for i, side := range []*aionet.TLSConn{c, s} {
			tasks = append(tasks,
				spawn(ctx, t, "writer", func(ctx context.Context) (err error) {
					if sent[i], err = sendRandom(side, total, byte(i)); err != nil {
						return err
					}
					return side.CloseWrite()
				}),
				spawn(ctx, t, "reader", func(ctx context.Context) (err error) {
					received[1-i], err = receive(side, sha256.New())
					return err
				}))
		}
		await(ctx, t, tasks...)
		for i := range 2 {
			if !bytes.Equal(sent[i], received[i]) {
				t.Errorf("what side %d sent did not arrive", i)
			}
		}
		c.Close()
		s.Close()
	})
}

// The other side is a *tls.Conn of package net's own world.
func TestTLS_withPackageNet(t *testing.T) {
	for name, client := range map[string]bool{"as a client": true, "as a server": false} {
		onSockets(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			const total = 4 << 20
			peer := spawn(ctx, t, name, func(ctx context.Context) error {
				_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
					conn, err := net.Dial("tcp", l.Addr().String())
					if err != nil {
						return 0, err
					}
					p := tls.Server(conn, serverConfig())
					if !client {
						p = tls.Client(conn, clientConfig())
					}
					defer p.Close()
					n, err := io.Copy(p, p)
					if n != total {
						t.Errorf("%s: the peer copied %d bytes: %v", name, n, err)
					}
					return 0, err
				})
				return err
			})
			conn, err := l.Accept(ctx)
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			handshake, cfg := aionet.TLSServer, serverConfig()
			if client {
				handshake, cfg = aionet.TLSClient, clientConfig()
			}
			c, err := handshake(ctx, conn, cfg)
			if err != nil {
				t.Fatal(err)
			}
			var sent []byte
			writer := spawn(ctx, t, "writer", func(ctx context.Context) (err error) {
				if sent, err = sendRandom(c, total, 7); err != nil {
					return err
				}
				return c.CloseWrite()
			})
			received, err := receive(c, sha256.New())
			if err != nil || !bytes.Equal(sent, received) {
				t.Errorf("%s: what was sent did not come back: %v", name, err)
			}
			await(ctx, t, writer, peer)
			c.Close()
		})
	}
}

// A second reader and a second writer are refused, not kept waiting.
func TestTLS_oneReaderAndOneWriter(t *testing.T) {
	const total = 64 << 20
	everywhere(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		reader := spawn(ctx, t, "reader", func(context.Context) error {
			_, err := c.Read(make([]byte, 1))
			return err
		})
		writer := asyncio.Go(ctx, func(context.Context) error {
			_, err := c.Write(make([]byte, total)) // nobody reads it
			return err
		})
		asyncio.Sleep(ctx, 0) // both wait
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, aionet.ErrConnBusy) {
			t.Errorf("a second reader: %v", err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, aionet.ErrConnBusy) {
			t.Errorf("a second writer: %v", err)
		}
		if err := c.CloseWrite(); !errors.Is(err, aionet.ErrConnBusy) {
			t.Errorf("CloseWrite while a task writes: %v", err)
		}
		if _, err := s.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		await(ctx, t, reader)

		// Closed, the writer is cut off, and so is who reads there.
		reader = spawn(ctx, t, "reader", func(context.Context) error {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read when the connection was closed: %v", err)
			}
			return nil
		})
		asyncio.Sleep(ctx, 0)
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if _, err := writer.Await(ctx); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write when the connection was closed: %v", err)
		}
		await(ctx, t, reader)
		for what, err := range map[string]error{
			"Close": c.Close(), "Read": second(c.Read(make([]byte, 1))), "Write": second(c.Write([]byte("x"))),
			"CloseWrite": c.CloseWrite(), "SetDeadline": c.SetDeadline(time.Time{}),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: %v", what, err)
			}
		}
		if n, _ := io.Copy(io.Discard, s); n >= total {
			t.Error("a Write that was cut off arrived")
		}
		s.Close()
	})
}

func second[A, B any](_ A, b B) B { return b }

// From a goroutine of no loop, and from a task of another loop.
func TestTLS_offTheLoop(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		echo := spawn(ctx, t, "echo", func(context.Context) error {
			_, err := io.Copy(s, s)
			return errors.Join(err, s.Close())
		})
		const total = 1 << 20
		talk := func(seed byte) error {
			var sent []byte
			done := make(chan error, 1)
			go func() {
				var err error
				sent, err = sendRandom(c, total, seed)
				done <- err
			}()
			sum := sha256.New()
			_, err := io.CopyN(sum, c, total)
			err = errors.Join(err, <-done)
			if err == nil && !bytes.Equal(sent, sum.Sum(nil)) {
				err = errors.New("what was sent did not come back")
			}
			return err
		}
		if _, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, talk(1) }); err != nil {
			t.Errorf("from a goroutine: %v", err)
		}
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
			return 0, asyncio.Run(context.Background(), func(ctx context.Context) error {
				exchange(t, c, c, "from another loop")
				return nil
			})
		})
		if err != nil {
			t.Errorf("from another loop: %v", err)
		}
		if _, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
			c.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read with a deadline: %v", err)
			}
			return 0, c.Close()
		}); err != nil {
			t.Errorf("Close: %v", err)
		}
		await(ctx, t, echo)
	})
}

// A *tls.Conn over a Conn works as well, in one task: a write that finds the handshake
// not done does it.
func TestTLS_aRawConnectionOfOneTask(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		server := spawn(ctx, t, "server", func(context.Context) error {
			s := tls.Server(b, serverConfig())
			defer s.Close()
			_, err := io.Copy(s, s)
			return err
		})
		c := tls.Client(a, clientConfig())
		exchange(t, c, c, "the handshake is done by the first Write")
		for range 100 {
			exchange(t, c, c, "hello")
		}
		if err := c.CloseWrite(); err != nil {
			t.Error(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read: %v", err)
		}
		c.Close()
		await(ctx, t, server)
	})
}
