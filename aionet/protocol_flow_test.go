package aionet_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func TestProtocol_PausedAtTheMarks(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		var total, high, low int
		s := &script{
			made: func(s *script) {
				s.t.SetWriteBufferLimits(1<<30, 0)
				total = fill(s.t)
				high = s.t.WriteBufferSize() + 10
				low = high / 3
				s.t.SetWriteBufferLimits(high, low)
				write := func(n int, story string) {
					k, err := s.t.Write(make([]byte, n))
					if total += k; k != n || err != nil {
						t.Errorf("Write of %d: %d, %v", n, k, err)
					}
					s.expect(t, story)
				}
				write(10, "made")
				write(1, "made pause") // strictly above
				write(1000, "made pause")
			},
			resume: func(s *script) {
				if n := s.t.WriteBufferSize(); n > low {
					t.Errorf("resumed with %d bytes buffered, the low mark is %d", n, low)
				}
				s.t.Close()
			},
		}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if n, err := io.Copy(io.Discard, c); err != nil || int(n) != total {
			t.Errorf("read %d bytes of %d, %v", n, total, err)
		}
		c.Close()
		server.stop(ctx, t)
		s.expect(t, "made pause resume lost")
		return nil
	})
}

func TestTransportLimits(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		s := &script{made: func(s *script) {
			for _, marks := range [][2]int{{-1, -1}, {1, 2}, {5, -1}} {
				func() {
					defer func() {
						want := fmt.Sprintf("aionet: SetWriteBufferLimits(%d, %d): low must be at least 0 and at most high", marks[0], marks[1])
						if got := fmt.Sprint(recover()); got != want {
							t.Errorf("panic %q, want %q", got, want)
						}
					}()
					s.t.SetWriteBufferLimits(marks[0], marks[1])
				}()
			}
			s.t.SetWriteBufferLimits(1<<30, 1<<20)
			fill(s.t)
			s.expect(t, "made")
			s.t.SetWriteBufferLimits(0, 0) // lowered below what is there
			s.expect(t, "made pause")
			s.t.SetWriteBufferLimits(1<<30, 1<<30) // raised above it
			s.expect(t, "made pause")              // not inline
		}, resume: func(s *script) { s.t.Abort() }}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if err := s.over.Wait(ctx); err != nil {
			return err
		}
		s.expect(t, "made pause resume lost")
		c.Close()
		server.stop(ctx, t)
		return nil
	})
}

// A protocol that writes until it is paused, and continues when it is resumed, has no
// more buffered than the high-water mark and one piece, even if the peer reads slowly.
func TestProtocolWithASlowReader(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		const piece, all, high = 10_000, 50 << 20, 128 << 10
		sent, most, paused := 0, 0, false
		pump := func(s *script) {
			for !paused && sent < all {
				n, _ := s.t.Write(make([]byte, piece))
				sent += n
				most = max(most, s.t.WriteBufferSize())
			}
			if sent >= all {
				s.t.Close()
			}
		}
		s := &script{
			made:   func(s *script) { s.t.SetWriteBufferLimits(high, high/4); pump(s) },
			pause:  func(*script) { paused = true },
			resume: func(s *script) { paused = false; pump(s) },
		}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		received, buf := 0, make([]byte, 100_000)
		for {
			n, err := c.Read(buf[:1+rand.IntN(len(buf))])
			if received += n; err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		if received != sent || sent < all {
			t.Errorf("received %d bytes of %d", received, sent)
		}
		if most > high+piece {
			t.Errorf("%d bytes were buffered, with a high mark of %d and pieces of %d", most, high, piece)
		}
		c.Close()
		server.stop(ctx, t)
		return nil
	})
}

func TestTransportPauseReading(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		total := 0
		var first asyncio.Event
		s := &script{}
		s.got = func(s *script, data []byte) {
			if total += len(data); !first.IsSet() {
				s.t.PauseReading()
				s.t.PauseReading()
				first.Set()
			}
		}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		c.Write([]byte("x"))
		if err := first.Wait(ctx); err != nil {
			return err
		}
		before := total
		written := 1 + writeUntilBlocked(t, c)
		if total != before {
			t.Errorf("%d bytes were delivered while reading was paused", total-before)
		}
		s.t.ResumeReading()
		s.t.ResumeReading()
		c.Close()
		server.stop(ctx, t)
		if total != written {
			t.Errorf("received %d bytes of %d", total, written)
		}
		return nil
	})
}

// A connection that floods the server reads a bounded amount in one turn, and a task that yields
// repeatedly gets its turns.
func TestProtocolFairness(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		turn, most, total := 0, 0, 0
		const all = 8 << 20
		var enough asyncio.Event
		s := &script{got: func(s *script, data []byte) {
			turn += len(data)
			most = max(most, turn)
			if total += len(data); total >= all {
				enough.Set()
			}
		}}
		server := serveProtocol(ctx, t, one(s))
		flood := server.dial(ctx, t)
		done := make(chan error, 1)
		go func() { // beside the loop: there is always something to read
			chunk := make([]byte, 1<<20)
			for {
				if _, err := flood.Write(chunk); err != nil {
					done <- err
					return
				}
			}
		}()
		turns := 0
		for !enough.IsSet() {
			turn = 0
			turns++
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		if limit := 256<<10 + 64<<10; most > limit {
			t.Errorf("%d bytes were read in one turn, the limit is %d", most, limit)
		}
		if turns < all/(320<<10) {
			t.Errorf("the task had %d turns while %d bytes were read", turns, total)
		}
		s.t.Abort()
		flood.Close()
		asyncio.Recv(ctx, done)
		server.stop(ctx, t)
		return nil
	})
}

// Many small writes, in whatever sizes the system takes them, arrive in order.
func TestTransportKeepsOrder(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		const all = 16 << 20
		next := byte(0)
		s := &script{made: func(s *script) {
			for sent := 0; sent < all; {
				p := make([]byte, min(1+rand.IntN(20_000), all-sent))
				for i := range p {
					p[i] = next
					next++
				}
				sent += len(p)
				s.t.Write(p)
				clear(p) // it is the caller's again
			}
			s.t.Close()
		}}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		got, err := io.ReadAll(c)
		if err != nil || len(got) != all {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		for i, b := range got {
			if b != byte(i) {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
		c.Close()
		server.stop(ctx, t)
		return nil
	})
}

var _ aionet.Protocol = (*script)(nil)
