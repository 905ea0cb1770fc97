package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The model of a connection is two sequences of bytes, one for each direction. The data read is a
// prefix of the data written, and all of it unless a side was closed. Cancellations, time-outs and
// calls off the loop do not change that.

// pattern returns the byte at a position of the test data.
func pattern(at int) byte { return byte(at*7 + at>>8*13 + at>>16) }

// pump is one direction: a writer and a reader, each of which does one operation at a
// time, in one of the many ways.
type pump struct {
	t        *testing.T
	random   *rand.Rand
	from, to *aionet.Conn
	size     int // how much is to be sent
	sent     int
	got      int
	write    *asyncio.Task[struct{}] // the operation under way
	read     *asyncio.Task[struct{}]
	closed   bool // somebody closed: errors may come, and bytes be missing
}

// interrupted reports whether the operation may be retried after err.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// way chooses how an operation is done: in the task, in another goroutine, or under a
// context that may end.
func (p *pump) way(ctx context.Context, c *aionet.Conn, op func(c net.Conn) error) error {
	switch p.random.IntN(8) {
	case 0:
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, op(c) })
		return err
	case 1:
		vctx, cancel := asyncio.WithTimeout(ctx, time.Duration(p.random.IntN(200))*time.Microsecond)
		defer cancel()
		return op(c.WithContext(vctx))
	case 2:
		vctx, cancel := context.WithTimeout(ctx, time.Duration(p.random.IntN(200))*time.Microsecond)
		defer cancel()
		return op(c.WithContext(vctx))
	}
	return op(c)
}

func (p *pump) writeOnce(ctx context.Context) error {
	b := make([]byte, min(p.size-p.sent, 1+p.random.IntN(1<<p.random.IntN(20))))
	for i := range b {
		b[i] = pattern(p.sent + i)
	}
	return p.way(ctx, p.from, func(c net.Conn) error {
		n, err := c.Write(b)
		p.sent += n
		if err == nil && n != len(b) {
			p.t.Errorf("Write said %d of %d, and no error", n, len(b))
		}
		return err
	})
}

func (p *pump) readOnce(ctx context.Context) error {
	if p.random.IntN(3) == 0 {
		b, err := p.to.Next()
		p.took(b)
		p.to.Release()
		return err
	}
	b := make([]byte, 1+p.random.IntN(1<<p.random.IntN(18)))
	return p.way(ctx, p.to, func(c net.Conn) error {
		n, err := c.Read(b)
		p.took(b[:n])
		return err
	})
}

func (p *pump) took(b []byte) {
	for i, x := range b {
		if x != pattern(p.got+i) {
			p.t.Errorf("byte %d is %d, want %d", p.got+i, x, pattern(p.got+i))
			break
		}
	}
	p.got += len(b)
}

// run starts the reader and the writer. They end when all data has arrived or a side is closed.
func (p *pump) run(ctx context.Context) {
	repeat := func(op **asyncio.Task[struct{}], once func(ctx context.Context) error, over func() bool) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			for !over() {
				var err error
				*op = asyncio.Go(ctx, func(ctx context.Context) error {
					err = once(ctx)
					return nil // the group shall not hear of it
				})
				(*op).Await(ctx)
				*op = nil
				switch {
				case ctx.Err() != nil: // the game is over: somebody failed
					return ctx.Err()
				case err == nil || interrupted(err):
				case p.closed:
					return nil
				default:
					return err
				}
			}
			return nil
		}
	}
	asyncio.Go(ctx, func(ctx context.Context) error {
		err := repeat(&p.write, p.writeOnce, func() bool { return p.sent == p.size })(ctx)
		if p.closed {
			return nil
		}
		return errors.Join(err, p.from.CloseWrite())
	}, asyncio.Name("writer"))
	asyncio.Go(ctx, func(ctx context.Context) error {
		err := repeat(&p.read, p.readOnce, func() bool { return false })(ctx)
		switch {
		case p.closed && (err == nil || err == io.EOF):
			if p.write == nil && p.got > p.sent { // sent is the writer's while it writes
				p.t.Errorf("%d bytes came of %d", p.got, p.sent)
			}
			return nil
		case err != io.EOF:
			return fmt.Errorf("reading ended with: %w", err)
		case p.got != p.size || p.sent != p.size:
			p.t.Errorf("%d bytes came of %d that were sent, of %d", p.got, p.sent, p.size)
		}
		return nil
	}, asyncio.Name("reader"))
}

// disturb does something that must not change the result.
func (p *pump) disturb() {
	deadlines := []time.Time{past, time.Now().Add(50 * time.Microsecond), future(), {}}
	at := deadlines[p.random.IntN(len(deadlines))]
	switch p.random.IntN(6) {
	case 0:
		if p.read != nil {
			p.read.Cancel(nil)
		}
	case 1:
		if p.write != nil {
			p.write.Cancel(nil)
		}
	case 2:
		p.to.SetReadDeadline(at)
	case 3:
		p.from.SetWriteDeadline(at)
	case 4:
		go p.to.SetReadDeadline(time.Time{})
	case 5:
		if _, err := p.to.Read(nil); err != nil && !interrupted(err) && !errors.Is(err, aionet.ErrConnBusy) && !p.closed {
			p.t.Errorf("Read of nothing: %v", err)
		}
	}
}

// play tests one connection: a pump in each direction, disturbances, and possibly an early close.
func play(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 1))
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		size := func() int { return random.IntN(1 << random.IntN(23)) }
		pumps := []*pump{
			{t: t, random: random, from: a, to: b, size: size()},
			{t: t, random: random, from: b, to: a, size: size()},
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for _, p := range pumps {
				p.run(ctx)
			}
			for range random.IntN(300) {
				pumps[random.IntN(2)].disturb()
				if err := asyncio.Sleep(ctx, time.Duration(random.IntN(3)-1)*50*time.Microsecond); err != nil {
					return err
				}
			}
			if random.IntN(3) == 0 { // a sudden end
				c := []*aionet.Conn{a, b}[random.IntN(2)]
				pumps[0].closed, pumps[1].closed = true, true
				if random.IntN(2) == 0 {
					shut(t, c)
				} else {
					go c.Close()
				}
			}
			for range 2 { // also after those that were set in other goroutines
				a.SetDeadline(time.Time{})
				b.SetDeadline(time.Time{})
				asyncio.Sleep(ctx, time.Millisecond)
			}
			return nil
		})
		if err != nil {
			t.Errorf("the game ended with: %v", err)
		}
		a.Close()
		b.Close()
	})
}

func FuzzConn(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { play(t, seed) })
}
