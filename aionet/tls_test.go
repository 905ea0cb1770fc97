package aionet_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func TestTLS_exchange(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		cc, sc := clientConfig(), serverConfig()
		cc.NextProtos, sc.NextProtos = []string{"other", "wanted"}, []string{"wanted"}
		c, s := secured(ctx, t, cc, sc)
		for _, side := range []*aionet.TLSConn{c, s} {
			if state := side.ConnectionState(); !state.HandshakeComplete || state.NegotiatedProtocol != "wanted" || state.Version != tls.VersionTLS13 {
				t.Errorf("state: complete %v, protocol %q, version %x", state.HandshakeComplete, state.NegotiatedProtocol, state.Version)
			}
			if err := errors.Join(side.Handshake(), side.HandshakeContext(ctx)); err != nil {
				t.Errorf("a handshake that is done: %v", err)
			}
		}
		if c.LocalAddr().String() != s.RemoteAddr().String() || c.RemoteAddr().String() != s.LocalAddr().String() {
			t.Error("the addresses do not match")
		}
		if _, ok := c.NetConn().(*aionet.Conn); !ok {
			t.Errorf("NetConn is a %T", c.NetConn())
		}
		exchange(t, c, s, "to the server")
		exchange(t, s, c, "to the client")
		if err := c.CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		if _, err := c.Write([]byte("more")); err == nil {
			t.Error("Write after CloseWrite: no error")
		}
		if n, err := s.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read after the other side's CloseWrite: %d, %v", n, err)
		}
		exchange(t, s, c, "the other half is open")
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("Read after the other side's Close: %d, %v", n, err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// exchange sends text from a to b. It fits into what the system keeps.
func exchange(t *testing.T, a, b net.Conn, text string) {
	t.Helper()
	if n, err := io.WriteString(a, text); n != len(text) || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(b, got); err != nil || string(got) != text {
		t.Errorf("Read: %q, %v", got, err)
	}
}

func TestTLS_olderVersions(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12} {
		everywhere(t, func(ctx context.Context, t *testing.T) {
			cc, sc := clientConfig(), serverConfig()
			cc.MinVersion, cc.MaxVersion, sc.MinVersion = version, version, version
			c, s := secured(ctx, t, cc, sc)
			defer c.Close()
			defer s.Close()
			if v := c.ConnectionState().Version; v != version {
				t.Errorf("version %x, want %x", v, version)
			}
			exchange(t, c, s, "hello")
			exchange(t, s, c, "hello yourself")
		})
	}
}

func TestTLS_clientCertificates(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		cc, sc := clientConfig(), serverConfig()
		sc.ClientAuth, sc.ClientCAs = tls.RequireAndVerifyClientCert, theAuthority().pool
		cert := theAuthority().certificate(&x509.Certificate{
			DNSNames: []string{"client.test"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		cc.Certificates = []tls.Certificate{cert}
		c, s := secured(ctx, t, cc, sc)
		if got := s.ConnectionState().PeerCertificates; len(got) != 1 || got[0].DNSNames[0] != "client.test" {
			t.Errorf("the server saw %v", got)
		}
		exchange(t, c, s, "hello")
		c.Close()
		s.Close()

		// Without one the server refuses. In TLS 1.3 the client has done its part by
		// then, and learns of it when it reads.
		a, b := pair(ctx, t)
		client := spawn(ctx, t, "client", func(ctx context.Context) error {
			c, err := aionet.TLSClient(ctx, a, clientConfig())
			if err != nil {
				return err
			}
			defer c.Close()
			if _, err := c.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate required") {
				t.Errorf("the client's Read: %v", err)
			}
			return nil
		})
		if _, err := aionet.TLSServer(ctx, b, sc); err == nil || !strings.Contains(err.Error(), "client didn't provide a certificate") {
			t.Errorf("TLSServer without the client's certificate: %v", err)
		}
		wantClosed(t, b)
		await(ctx, t, client)
	})
}

func TestTLS_misuse(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		if _, err := aionet.TLSClient(ctx, nil, clientConfig()); err == nil || !strings.Contains(err.Error(), "nil Conn") {
			t.Errorf("a nil Conn: %v", err)
		}
		a, b := pair(ctx, t)
		cc := clientConfig()
		cc.Renegotiation = tls.RenegotiateFreelyAsClient
		if _, err := aionet.TLSClient(ctx, a, cc); err == nil || !strings.Contains(err.Error(), "Renegotiation") {
			t.Errorf("renegotiation: %v", err)
		}
		wantClosed(t, a)
		if _, err := aionet.TLSServer(context.Background(), b, serverConfig()); !errors.Is(err, asyncio.ErrNoLoop) {
			t.Errorf("a ctx without a loop: %v", err)
		}
		wantClosed(t, b)
		a, b = pair(ctx, t)
		defer b.Close()
		if _, err := aionet.TLSClient(ctx, a, nil); err == nil || !strings.Contains(err.Error(), "ServerName") {
			t.Errorf("no config: %v", err)
		}
		if recovered := func() (v any) {
			defer func() { v = recover() }()
			aionet.TLSHandler(serverConfig(), nil)
			return nil
		}(); recovered == nil {
			t.Error("TLSHandler with a nil handler did not panic")
		}
	})
}

// The callbacks of a config run in the task that does the handshake, and may await.
func TestTLS_callbacksAwait(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		sc := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if err := asyncio.Sleep(hello.Context(), time.Millisecond); err != nil {
				return nil, err
			}
			cert := serverCertificate()
			return &cert, nil
		}}
		c, s := secured(ctx, t, clientConfig(), sc)
		exchange(t, c, s, "hello")
		c.Close()
		s.Close()

		// One that waits for ever is ended by the ctx; a panic closes the connection.
		entered := asyncio.NewFuture[struct{}](ctx)
		sc.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			entered.SetResult(struct{}{})
			return nil, asyncio.Sleep(hello.Context(), time.Hour)
		}
		a, b := pair(ctx, t)
		client := spawn(ctx, t, "client", func(ctx context.Context) error {
			if _, err := aionet.TLSClient(ctx, a, clientConfig()); err == nil {
				t.Error("TLSClient: no error")
			}
			return nil
		})
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := aionet.TLSServer(ctx, b, sc)
			return err
		})
		if _, err := entered.Await(ctx); err != nil {
			t.Error(err)
		}
		server.Cancel(nil)
		if _, err := server.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the server: %v", err)
		}
		await(ctx, t, client)

		a, b = pair(ctx, t)
		client = spawn(ctx, t, "client", func(ctx context.Context) error {
			if _, err := aionet.TLSClient(ctx, a, clientConfig()); err == nil {
				t.Error("TLSClient: no error")
			}
			return nil
		})
		sc.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { panic("no certificate today") }
		if recovered := func() (v any) {
			defer func() { v = recover() }()
			aionet.TLSServer(ctx, b, sc)
			return nil
		}(); recovered != "no certificate today" {
			t.Errorf("recovered %v", recovered)
		}
		wantClosed(t, b)
		await(ctx, t, client)
	})
}

func TestTLSHandler(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		var failures []error
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.OnError(func(_ net.Addr, err error) { failures = append(failures, err) }))
		if err != nil {
			t.Fatal(err)
		}
		server := spawn(ctx, t, "Serve", func(ctx context.Context) error {
			return l.Serve(ctx, aionet.TLSHandler(serverConfig(), func(ctx context.Context, conn *aionet.TLSConn) error {
				_, err := io.Copy(conn, conn)
				return err
			}))
		})
		silent, err := aionet.Dial(ctx, "tcp", l.Addr().String()) // holds up nobody
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			conn, err := aionet.Dial(ctx, "tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c, err := aionet.TLSClient(ctx, conn, clientConfig())
			if err != nil {
				t.Fatal(err)
			}
			exchange(t, c, c, "there and back")
			if err := c.CloseWrite(); err != nil {
				t.Error(err)
			}
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("Read: %v", err)
			}
			c.Close()
		}
		silent.Close()
		if err := l.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		await(ctx, t, server)
		if len(failures) != 1 || !errors.Is(failures[0], io.ErrUnexpectedEOF) {
			t.Errorf("failures: %v", failures)
		}
	})
}

// A server without a certificate is refused before anything is read, and closed.
func TestTLS_serverWithoutACertificate(t *testing.T) {
	everywhere(t, func(ctx context.Context, t *testing.T) {
		for _, cfg := range []*tls.Config{nil, {}} {
			a, b := pair(ctx, t)
			if _, err := aionet.TLSServer(ctx, b, cfg); err == nil || !strings.Contains(err.Error(), "Certificates") {
				t.Errorf("TLSServer: %v", err)
			}
			if n, err := a.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("the client reads %d, %v", n, err)
			}
			a.Close()
		}
	})
}
