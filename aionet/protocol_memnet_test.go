package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// On a network with latency and small chunks all data arrives unchanged, in both directions at
// once, and the flow control obeys the marks.
func TestProtocol_OnAFaultyNetwork(t *testing.T) {
	for seed := range uint64(20) {
		n := asynciotest.NewNetwork(asynciotest.Seed(seed), asynciotest.Chunks(3000),
			asynciotest.Latency(time.Millisecond, 20*time.Millisecond), asynciotest.Buffer(4<<10))
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			most, pauses := 0, 0
			s := &script{
				made: func(s *script) { s.t.SetWriteBufferLimits(8<<10, 1<<10) },
				got: func(s *script, data []byte) {
					s.t.Write(data)
					most = max(most, s.t.WriteBufferSize())
				},
				pause:  func(s *script) { pauses++; s.t.PauseReading() },
				resume: func(s *script) { s.t.ResumeReading() },
				eof:    func(s *script) bool { s.t.Close(); return true },
			}
			server := serveProtocol(ctx, t, one(s))
			c := server.dial(ctx, t)
			sent := make([]byte, 100_000)
			for i := range sent {
				sent[i] = byte(i * i >> 3)
			}
			writing := asyncio.Go(ctx, func(ctx context.Context) error {
				if _, err := c.Write(sent); err != nil {
					return err
				}
				return c.CloseWrite()
			})
			asyncio.Sleep(ctx, time.Second) // of virtual time: the answers pile up
			got, err := io.ReadAll(c)
			if err != nil || !bytes.Equal(got, sent) {
				t.Errorf("seed %d: %d bytes of %d came back, %v", seed, len(got), len(sent), err)
			}
			if _, err := writing.Await(ctx); err != nil {
				t.Error(err)
			}
			c.Close()
			server.stop(ctx, t)
			if pauses == 0 || most > 8<<10+3000 {
				t.Errorf("seed %d: paused %d times, %d bytes buffered at most", seed, pauses, most)
			}
			if s.err != nil {
				t.Errorf("seed %d: lost with %v", seed, s.err)
			}
		}, asynciotest.WithNetwork(n))
	}
}

func TestProtocolResetInMemory(t *testing.T) {
	n := asynciotest.NewNetwork()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var made asyncio.Event
		s := &script{made: func(*script) { made.Set() }}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if err := made.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		n.Reset(c)
		if err := s.over.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(s.err, syscall.ECONNRESET) {
			t.Errorf("lost with %v, want a reset", s.err)
		}
		c.Close()
		server.stop(ctx, t)
	}, asynciotest.WithNetwork(n))
}

// A time-out is a callback of the loop: in virtual time it is exact.
func TestProtocolTimeoutInVirtualTime(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		s := &script{made: func(s *script) { s.t.Loop().CallLater(time.Hour, s.t.Abort) }}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		begin := time.Now()
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read: %v", err)
		}
		if took := time.Since(begin); took != time.Hour {
			t.Errorf("aborted after %v", took)
		}
		c.Close()
		server.stop(ctx, t)
	})
}

var _ aionet.Protocol = aionet.BaseProtocol{}
