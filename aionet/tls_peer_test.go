package aionet_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestTLS_garbageInsteadOfAHandshake(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		garbage := []byte(strings.Repeat("GET / HTTP/1.1\r\nHost: nobody\r\n", 1<<15))
		a, b := pair(ctx, t)
		sender := spawn(ctx, t, "sender", func(context.Context) error {
			a.Write(garbage) // until the server hangs up
			return nil
		})
		_, err := aionet.TLSServer(ctx, b, serverConfig())
		var header tls.RecordHeaderError
		if !errors.As(err, &header) || header.Conn != nil {
			t.Errorf("TLSServer: %v", err)
		}
		wantClosed(t, b)
		await(ctx, t, sender)
		a.Close()

		a, b = pair(ctx, t)
		sender = spawn(ctx, t, "sender", func(context.Context) error {
			b.Write(garbage)
			return nil
		})
		if _, err := aionet.TLSClient(ctx, a, clientConfig()); !errors.As(err, &header) {
			t.Errorf("TLSClient: %v", err)
		}
		wantClosed(t, a)
		await(ctx, t, sender)
		b.Close()
	})
}

func TestTLS_peerClosesDuringHandshake(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		b.Close()
		_, err := aionet.TLSClient(ctx, a, clientConfig())
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "handshake" {
			t.Errorf("TLSClient: %v", err)
		}
		a, b = pair(ctx, t)
		a.Close()
		if _, err := aionet.TLSServer(ctx, b, serverConfig()); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "handshake tcp ") {
			t.Errorf("TLSServer: %v", err)
		}
	})
}

// A peer that says nothing is left by a time-out, by a deadline of the connection, or
// by a cancellation.
func TestTLS_silentPeer(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		short, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if _, err := aionet.TLSServer(short, b, serverConfig()); err != context.DeadlineExceeded {
			t.Errorf("TLSServer with a time-out: %v", err)
		}
		wantClosed(t, b)
		a.Close()

		a, b = pair(ctx, t)
		a.SetDeadline(time.Now().Add(time.Millisecond))
		if _, err := aionet.TLSClient(ctx, a, clientConfig()); !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("TLSClient with a deadline: %v", err)
		}
		wantClosed(t, a)
		b.Close()

		a, b = pair(ctx, t)
		boom := errors.New("boom")
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := aionet.TLSClient(ctx, a, clientConfig())
			if err != context.Canceled || context.Cause(ctx) != boom {
				t.Errorf("TLSClient cancelled: %v", err)
			}
			return err
		})
		if _, err := b.Read(make([]byte, 1)); err != nil { // the client has begun, and waits
			t.Error(err)
		}
		task.Cancel(boom)
		if _, err := task.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the task: %v", err)
		}
		wantClosed(t, a)
		b.Close()

		a, b = pair(ctx, t)
		over, cancel := asyncio.WithTimeout(ctx, 0)
		defer cancel()
		if _, err := aionet.TLSClient(over, a, clientConfig()); err != context.DeadlineExceeded {
			t.Errorf("TLSClient with a ctx that has ended: %v", err)
		}
		wantClosed(t, a)
		b.Close()
	})
}

// wantClosed checks that a failed handshake has closed its connection.
func wantClosed(t *testing.T, c *aionet.Conn) {
	t.Helper()
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection was open: Close returned %v", err)
	}
}

func TestTLS_aCertificateThatIsNotTrusted(t *testing.T) {
	for name, change := range map[string]func(c *tls.Config){
		"unknown authority": func(c *tls.Config) { c.RootCAs = x509.NewCertPool() },
		"another name":      func(c *tls.Config) { c.ServerName = "another.test" },
	} {
		everywhere(t, func(ctx context.Context, t *testing.T) {
			a, b := pair(ctx, t)
			server := spawn(ctx, t, "server", func(ctx context.Context) error {
				_, err := aionet.TLSServer(ctx, b, serverConfig())
				var op *net.OpError
				if !errors.As(err, &op) || op.Op != "handshake" || !strings.Contains(err.Error(), "remote error: tls: bad certificate") {
					t.Errorf("%s: TLSServer: %v", name, err)
				}
				wantClosed(t, b)
				return nil
			})
			cc := clientConfig()
			change(cc)
			_, err := aionet.TLSClient(ctx, a, cc)
			var verification *tls.CertificateVerificationError
			if !errors.As(err, &verification) || !strings.Contains(err.Error(), a.RemoteAddr().String()) {
				t.Errorf("%s: TLSClient: %v", name, err)
			}
			wantClosed(t, a)
			await(ctx, t, server)
		})
	}
}

// Garbage in the middle of a conversation ends it: the Read that meets it fails, and all
// later ones.
func TestTLS_garbageAfterTheHandshake(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		exchange(t, c, s, "hello")
		sender := spawn(ctx, t, "sender", func(context.Context) error {
			c.NetConn().Write([]byte(strings.Repeat("\x17\x03\x03\x40\x00garbage", 1<<17))) // until the server hangs up
			return nil
		})
		for range 2 {
			if n, err := s.Read(make([]byte, 10)); n != 0 || err == nil || !strings.Contains(err.Error(), "bad record MAC") {
				t.Errorf("Read: %d, %v", n, err)
			}
		}
		if _, err := s.Write([]byte("x")); err == nil {
			t.Error("Write after the alert: no error")
		}
		s.Close()
		await(ctx, t, sender)
		c.Close()
	})
}

// A reset wakes the waiting reader and the waiting writer. One of them returns ECONNRESET, which the
// system reports once.
func TestTLS_aReset(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c, s := secured(ctx, t, clientConfig(), serverConfig())
		var reading, writing error
		reader := spawn(ctx, t, "reader", func(context.Context) error {
			_, reading = c.Read(make([]byte, 1))
			return nil
		})
		writer := spawn(ctx, t, "writer", func(context.Context) error {
			_, writing = c.Write(make([]byte, 1<<20))
			return nil
		})
		asyncio.Sleep(ctx, time.Second)
		s.NetConn().Close() // with bytes that it has not read
		await(ctx, t, reader, writer)
		if reading == nil || writing == nil || !errors.Is(errors.Join(reading, writing), syscall.ECONNRESET) {
			t.Errorf("Read: %v; Write: %v", reading, writing)
		}
		if _, err := c.Write([]byte("x")); err == nil {
			t.Error("a later Write: no error")
		}
		c.Close()
	})
}

// A client of TLSHandler that says nothing is left after 10 s, and reported.
func TestTLSHandler_silentClient(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var failure error
		l, err := aionet.Listen(ctx, "tcp", "server:443", aionet.OnError(func(_ net.Addr, err error) { failure = err }))
		if err != nil {
			t.Fatal(err)
		}
		server := spawn(ctx, t, "Serve", func(ctx context.Context) error {
			return l.Serve(ctx, aionet.TLSHandler(serverConfig(), func(context.Context, *aionet.TLSConn) error {
				t.Error("the handler was called")
				return nil
			}))
		})
		c, err := aionet.Dial(ctx, "tcp", "server:443")
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF || time.Since(start) != 10*time.Second {
			t.Errorf("Read: %d, %v, after %v", n, err, time.Since(start))
		}
		if !errors.Is(failure, context.DeadlineExceeded) || !strings.Contains(failure.Error(), "not done in 10s") {
			t.Errorf("the failure: %v", failure)
		}
		c.Close()
		l.Close()
		await(ctx, t, server)
	})
}
