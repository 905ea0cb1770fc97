package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func TestProtocolIsCalledInOrder(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		s := &script{got: func(s *script, data []byte) { s.t.Write(data) }}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if _, err := c.Write([]byte("hello")); err != nil {
			return err
		}
		reply := make([]byte, 5)
		if _, err := io.ReadFull(c, reply); err != nil || string(reply) != "hello" {
			t.Errorf("read %q, %v", reply, err)
		}
		if s.t.RemoteAddr().String() != c.LocalAddr().String() || s.t.LocalAddr().String() != c.RemoteAddr().String() {
			t.Error("the addresses of the two sides do not agree")
		}
		c.Close()
		if err := s.over.Wait(ctx); err != nil {
			return err
		}
		s.expect(t, "made data eof lost")
		if s.err != nil {
			t.Errorf("ConnectionLost(%v), want nil", s.err)
		}
		server.stop(ctx, t)
		return nil
	})
}

func TestProtocolDialled(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		echo := &script{got: func(s *script, data []byte) { s.t.Write(data) }}
		server := serveProtocol(ctx, t, one(echo))
		var heard asyncio.Event
		s := &script{
			made: func(s *script) { s.t.Write([]byte("hi")) },
			got:  func(s *script, _ []byte) { heard.Set() },
		}
		transport, err := aionet.DialProtocol(ctx, "tcp", server.l.Addr().String(), one(s))
		if err != nil {
			return err
		}
		if s.t != transport || s.story() != "made" {
			t.Errorf("DialProtocol returned before ConnectionMade: %s", s.story())
		}
		if err := heard.Wait(ctx); err != nil {
			return err
		}
		transport.Close()
		transport.Close()
		if s.story() != "made data" {
			t.Error("ConnectionLost was called by Close itself")
		}
		if err := s.over.Wait(ctx); err != nil {
			return err
		}
		s.expect(t, "made data lost")
		if string(s.data) != "hi" {
			t.Errorf("echoed %q", s.data)
		}
		server.stop(ctx, t)
		echo.expect(t, "made data eof lost")
		return nil
	})
}

func TestProtocolHalfClose(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		answer := bytes.Repeat([]byte("answer"), 1<<20)
		s := &script{eof: func(s *script) bool {
			s.t.Write(answer) // more than the system takes at once
			s.t.Close()
			return true
		}}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		c.Write([]byte("question"))
		if err := c.CloseWrite(); err != nil {
			return err
		}
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, answer) {
			t.Errorf("read %d bytes, %v; want %d", len(got), err, len(answer))
		}
		c.Close()
		server.stop(ctx, t)
		s.expect(t, "made data eof pause resume lost")
		return nil
	})
}

func TestTransport_WriteEOFAfterBufferedData(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		var total int
		var late asyncio.Event
		s := &script{made: func(s *script) {
			total = fill(s.t)
			s.t.WriteEOF()
			s.t.WriteEOF()
			if _, err := s.t.Write([]byte("more")); err == nil || errors.Is(err, net.ErrClosed) {
				t.Errorf("Write after WriteEOF: %v", err)
			}
		}, got: func(*script, []byte) { late.Set() }}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if n, err := io.Copy(io.Discard, c); err != nil || int(n) != total {
			t.Errorf("read %d bytes, %v; want %d", n, err, total)
		}
		if _, err := c.Write([]byte("still there?")); err != nil {
			return err
		}
		if err := late.Wait(ctx); err != nil {
			return err
		}
		c.Close()
		server.stop(ctx, t)
		if string(s.data) != "still there?" || s.err != nil {
			t.Errorf("received %q, lost with %v", s.data, s.err)
		}
		return nil
	})
}

func TestTransport_CloseFlushesAbortDiscards(t *testing.T) {
	for _, abort := range []bool{false, true} {
		onWire(t, func(ctx context.Context) error {
			var total int
			s := &script{made: func(s *script) {
				total = fill(s.t)
				s.t.Close()
				if abort {
					s.t.Abort()
					s.t.Abort()
				}
				if !s.t.IsClosing() {
					t.Error("IsClosing is false after Close")
				}
				if _, err := s.t.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write after Close: %v", err)
				}
			}}
			server := serveProtocol(ctx, t, one(s))
			c := server.dial(ctx, t)
			n, err := io.Copy(io.Discard, c)
			if err != nil || abort == (int(n) == total) {
				t.Errorf("abort %v: read %d bytes of %d, %v", abort, n, total, err)
			}
			c.Close()
			server.stop(ctx, t)
			if s.err != nil {
				t.Errorf("ConnectionLost(%v), want nil", s.err)
			}
			if s.t.WriteBufferSize() != 0 {
				t.Error("something is buffered at the end")
			}
			return nil
		})
	}
}

func TestTransport_OffTheLoop(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		var made asyncio.Event
		s := &script{made: func(s *script) { made.Set() }}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		if err := made.Wait(ctx); err != nil {
			return err
		}
		asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
			if _, err := s.t.Write([]byte("x")); !errors.Is(err, asyncio.ErrWrongTask) {
				t.Errorf("Write in a thread: %v", err)
			}
			for name, call := range map[string]func(){
				"IsClosing":            func() { s.t.IsClosing() },
				"PauseReading":         s.t.PauseReading,
				"ResumeReading":        s.t.ResumeReading,
				"WriteEOF":             s.t.WriteEOF,
				"WriteBufferSize":      func() { s.t.WriteBufferSize() },
				"SetWriteBufferLimits": func() { s.t.SetWriteBufferLimits(1, 1) },
				"Context":              func() { s.t.Context() },
			} {
				func() {
					defer func() {
						if err, _ := recover().(error); !errors.Is(err, asyncio.ErrWrongTask) {
							t.Errorf("%s in a thread: %v", name, err)
						}
					}()
					call()
				}()
			}
			if err := s.t.Control(func(fd uintptr) {
				if fd == 0 {
					t.Error("Control brings no descriptor")
				}
			}); err != nil {
				t.Errorf("Control in a thread: %v", err)
			}
			s.t.Close()
			return struct{}{}, nil
		})
		if err := s.over.Wait(ctx); err != nil {
			return err
		}
		if err := s.t.Control(func(uintptr) { t.Error("called") }); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Control after the end: %v", err)
		}
		c.Close()
		server.stop(ctx, t)
		return nil
	})
}

func TestProtocolCallbacksCannotWait(t *testing.T) {
	onWire(t, func(ctx context.Context) error {
		var err error
		s := &script{made: func(s *script) {
			err = asyncio.Sleep(s.t.Context(), 0)
			s.t.Close()
		}}
		server := serveProtocol(ctx, t, one(s))
		c := server.dial(ctx, t)
		s.over.Wait(ctx)
		if !errors.Is(err, asyncio.ErrWrongTask) {
			t.Errorf("Sleep in ConnectionMade: %v", err)
		}
		c.Close()
		server.stop(ctx, t)
		return nil
	})
}
