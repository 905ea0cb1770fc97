package asynciotest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// twin is a model of a connection: the written data can be read.
type twin struct{ written, read bytes.Buffer }

// converse has one task write pieces and another read them, and compares with the twin.
func converse(t *testing.T, seed uint64, size int, opts ...asynciotest.NetworkOption) {
	const most = 100
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a, b := asynciotest.Pipe(ctx)
		var both twin
		writer := asyncio.Go(ctx, func(ctx context.Context) error {
			for both.written.Len() < size {
				p := make([]byte, 1+rng.IntN(3*most))
				for i := range p {
					p[i] = byte(rng.Uint32())
				}
				n, err := a.Write(p)
				if n != len(p) || err != nil {
					return fmt.Errorf("wrote %d of %d: %w", n, len(p), err)
				}
				both.written.Write(p)
				if rng.IntN(4) == 0 {
					asyncio.Sleep(ctx, time.Duration(rng.IntN(2))*time.Millisecond)
				}
			}
			return a.CloseWrite()
		})
		for {
			p := make([]byte, 1+rng.IntN(most))
			n, err := b.Read(p)
			both.read.Write(p[:n])
			if err == io.EOF {
				break
			}
			if n == 0 || err != nil {
				t.Fatalf("read %d: %v", n, err)
			}
		}
		if _, err := writer.Await(ctx); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(both.read.Bytes(), both.written.Bytes()) {
			t.Errorf("%d bytes were read that are not the %d written", both.read.Len(), both.written.Len())
		}
	}, asynciotest.WithNetwork(asynciotest.NewNetwork(opts...)))
}

func FuzzChunks(f *testing.F) {
	f.Add(uint64(1), uint16(1000), uint16(1), uint16(1), uint8(0), uint8(0))
	f.Add(uint64(2), uint16(5000), uint16(60000), uint16(100), uint8(3), uint8(9))
	f.Add(uint64(3), uint16(300), uint16(7), uint16(60000), uint8(0), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, size, chunk, buffer uint16, least, jitter uint8) {
		converse(t, seed, int(size%10_000), asynciotest.Seed(seed), asynciotest.Chunks(1+int(chunk)), asynciotest.Buffer(1+int(buffer)),
			asynciotest.Latency(time.Duration(least)*time.Millisecond, time.Duration(least)*time.Millisecond+time.Duration(jitter)*time.Microsecond))
	})
}

func TestBufferIsTheBound(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, b := asynciotest.Pipe(ctx)
		a.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := a.Write(make([]byte, 5000))
		if n != 1000 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("with nobody reading Write wrote %d: %v, want 1000 and a deadline exceeded", n, err)
		}
		if got, err := io.ReadFull(b, make([]byte, 1000)); err != nil {
			t.Errorf("read %d: %v", got, err)
		}
	}, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Buffer(1000))))
}

// trace is what a program observes on a network with everything left to chance.
func trace(t *testing.T, seed uint64) (seen []string) {
	n := asynciotest.NewNetwork(asynciotest.Seed(seed), asynciotest.Latency(time.Millisecond, 20*time.Millisecond), asynciotest.Chunks(64),
		asynciotest.Loss(0.2), asynciotest.Duplicate(0.2), asynciotest.Reorder(0.2))
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		began := time.Now()
		l := serve(ctx, t, "localhost:7000", echo)
		var clients []*asyncio.Task[struct{}]
		for k := range 5 {
			clients = append(clients, asyncio.Go(ctx, func(ctx context.Context) error {
				c := dial(ctx, t, "localhost:7000")
				defer c.Close()
				c.Write(make([]byte, 200))
				for left := 200; left > 0; {
					p := make([]byte, 200)
					n, err := c.Read(p)
					if err != nil {
						return err
					}
					left -= n
					seen = append(seen, fmt.Sprint(k, " ", n, " ", time.Since(began)))
				}
				return nil
			}))
		}
		if _, err := asyncio.Gather(ctx, clients...); err != nil {
			t.Error(err)
		}
		l.Shutdown(ctx)

		from, to := packets(ctx, t), packets(ctx, t)
		for i := range 100 {
			from.WriteTo([]byte{byte(i)}, to.LocalAddr())
		}
		to.SetReadDeadline(time.Now().Add(time.Second))
		var order []byte
		for p := make([]byte, 1); ; {
			if _, _, err := to.ReadFrom(p); err != nil {
				break
			}
			order = append(order, p[0])
		}
		distinct := slices.Compact(slices.Sorted(slices.Values(order)))
		if len(distinct) == 100 || len(distinct) < 50 || len(distinct) == len(order) || slices.IsSorted(order) {
			t.Errorf("with a fifth lost, doubled and late these arrived: %d", order)
		}
		seen = append(seen, fmt.Sprint(order))
	}, asynciotest.WithNetwork(n))
	return seen
}

func packets(ctx context.Context, t *testing.T) *aionet.PacketConn {
	t.Helper()
	p, err := aionet.ListenPacket(ctx, "udp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSameSeedSameSteps(t *testing.T) {
	first := trace(t, 1)
	for range 5 {
		if again := trace(t, 1); !slices.Equal(again, first) {
			t.Fatalf("with the same seed:\n%v\nand then\n%v", first, again)
		}
	}
	if other := trace(t, 2); slices.Equal(other, first) {
		t.Error("another seed gives the same")
	}
}

func TestReset(t *testing.T) {
	n := asynciotest.NewNetwork()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, b := asynciotest.Pipe(ctx)
		fmt.Fprint(a, "before")
		if !n.Reset(b) {
			t.Fatal("Reset knows no such connection")
		}
		p := make([]byte, 10)
		if k, err := b.Read(p); string(p[:k]) != "before" || err != nil {
			t.Errorf("what had arrived: %q, %v", p[:k], err)
		}
		for side, c := range map[string]*aionet.Conn{"a": a, "b": b} {
			if _, err := c.Read(p); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%s read: %v, want ECONNRESET", side, err)
			}
			if _, err := c.Write(p); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("%s wrote: %v, want EPIPE", side, err)
			}
			c.Close()
		}
		if n.Reset(a) || n.BlockConn(a) || n.UnblockConn(b) {
			t.Error("a closed connection is still known")
		}
	}, asynciotest.WithNetwork(n))
}

// checkHeld checks that a blocked connection returns no data, and the held data after unblock.
func checkHeld(t *testing.T, c *aionet.Conn, unblock func(), want string) {
	t.Helper()
	p := make([]byte, len(want))
	c.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := c.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("while blocked, Read returned %q, %v", p, err)
	}
	unblock()
	c.SetReadDeadline(time.Time{})
	if _, err := io.ReadFull(c, p); string(p) != want || err != nil {
		t.Errorf("after unblocking, Read returned %q, %v; want %q", p, err, want)
	}
}

func TestBlockConn_HoldsData(t *testing.T) {
	n := asynciotest.NewNetwork(asynciotest.Latency(time.Millisecond, time.Millisecond))
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		a, b := asynciotest.Pipe(ctx)
		fmt.Fprint(a, "under way, ")
		n.BlockConn(a)
		if _, err := fmt.Fprint(a, "and later"); err != nil {
			t.Errorf("writing to a blocked connection: %v", err)
		}
		a.CloseWrite()
		checkHeld(t, b, func() { n.UnblockConn(b) }, "under way, and later")
		if _, err := b.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("after the held data: %v, want io.EOF", err)
		}
	}, asynciotest.WithNetwork(n))
}

func TestBlockAll_HoldsDataAndDials(t *testing.T) {
	n := asynciotest.NewNetwork()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := serve(ctx, t, "db:5432", echo)
		c := dial(ctx, t, "db:5432")
		n.BlockAll()
		began := time.Now()
		_, err := aionet.Dial(ctx, "tcp", "db:5432")
		if took := time.Since(began); !errors.Is(err, syscall.ETIMEDOUT) || took != 127*time.Second {
			t.Errorf("dialling a blocked network: %v after %v, want ETIMEDOUT after 127s", err, took)
		}
		dialling := asyncio.Go(ctx, func(ctx context.Context) error {
			c, err := aionet.Dial(ctx, "tcp", "db:5432")
			if err == nil {
				c.Close()
			}
			return err
		})
		fmt.Fprint(c, "hello")
		checkHeld(t, c, n.UnblockAll, "hello")
		if _, err := dialling.Await(ctx); err != nil {
			t.Errorf("a dial during BlockAll: %v", err)
		}
		c.Close()
		l.Shutdown(ctx)
	}, asynciotest.WithNetwork(n))
}

func TestRefuseAddr(t *testing.T) {
	n := asynciotest.NewNetwork()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := serve(ctx, t, ":7000", echo)
		n.RefuseAddr("localhost:7000")
		if _, err := aionet.Dial(ctx, "tcp", "127.0.0.1:7000"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialling: %v, want ECONNREFUSED", err)
		}
		n.AllowAddr("localhost:7000")
		dial(ctx, t, "127.0.0.1:7000").Close()
		var missing *net.DNSError
		if _, err := aionet.Dial(ctx, "tcp", "nowhere:7000"); !errors.As(err, &missing) || !missing.IsNotFound {
			t.Errorf("dialling a name that nobody has: %v, want a *net.DNSError", err)
		}
		l.Shutdown(ctx)
	}, asynciotest.WithNetwork(n))
}

// Two loops talk over one network, in one bubble.
func TestTwoLoops(t *testing.T) {
	n := asynciotest.NewNetwork(asynciotest.Latency(10*time.Millisecond, 10*time.Millisecond))
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		l := serve(ctx, t, "server:80", echo)
		client := func(ctx context.Context) error {
			began := time.Now()
			c, err := aionet.Dial(ctx, "tcp", "server:80")
			if err != nil {
				return err
			}
			for range 100 {
				fmt.Fprint(c, "ping")
				if _, err := io.ReadFull(c, make([]byte, 4)); err != nil {
					return err
				}
			}
			if took := time.Since(began); took != 101*20*time.Millisecond {
				t.Errorf("dialling and 100 round trips took %v, want 2.02s", took)
			}
			return nil // with the connection open: the loop's end closes it
		}
		over := make(chan error)
		go func() { over <- asyncio.Run(context.Background(), client, asynciotest.WithNetwork(n)) }()
		if err, _, _ := asyncio.Recv(ctx, over); err != nil {
			t.Error(err)
		}
		if err := l.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	}, asynciotest.WithNetwork(n))
}
