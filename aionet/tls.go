package aionet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A TLSConn is a Conn with TLS. It is a net.Conn for any caller, as a Conn is: Read and Write
// suspend a task, of this loop or of another, and block a goroutine without a loop. One task may
// read and one may write at a time; another gets ErrConnBusy.
//
// A *tls.Conn over a Conn works too, but only for one task. It holds mutexes while it waits for
// the network, and a second task that waits for a mutex blocks the loop. A TLSConn never waits
// with a mutex locked that another task may need.
//
// After a Read or Write was cancelled or its deadline has passed, the next call continues where
// it stopped. (A *tls.Conn is unusable after that.)
type TLSConn struct {
	conn *Conn
	wire wire
	tls  *tls.Conn // over wire; used on the loop only

	reading, writing bool // a call is in progress
}

// TLSClient performs the client's side of a TLS handshake over conn and returns the connection.
// The config needs a ServerName, or InsecureSkipVerify. It must not be changed afterwards, and
// must not allow renegotiation.
//
// It is called in a task of conn's loop. The task is suspended while it waits for the peer. In
// between it computes signatures, which blocks the loop for up to a millisecond. The callbacks
// of the config run in the task and may await.
//
// If ctx ends, TLSClient returns ctx.Err(). It obeys the deadlines of conn. If it fails, it closes
// conn and returns a *net.OpError with the addresses. After the call conn belongs to the TLSConn:
// do not use it.
func TLSClient(ctx context.Context, conn *Conn, cfg *tls.Config) (*TLSConn, error) {
	if cfg != nil && cfg.Renegotiation != tls.RenegotiateNever {
		return closeAndFail(conn, errors.New("aionet: TLSClient: Config.Renegotiation must be tls.RenegotiateNever: a second handshake would block writers"))
	}
	return handshake(ctx, conn, cfg, tls.Client)
}

// TLSServer performs the server's side of a TLS handshake over conn, as TLSClient does the
// client's. The config needs a certificate. A client may never complete the handshake: give ctx a
// time-out, or use TLSHandler.
func TLSServer(ctx context.Context, conn *Conn, cfg *tls.Config) (*TLSConn, error) {
	if cfg == nil || len(cfg.Certificates) == 0 && cfg.GetCertificate == nil && cfg.GetConfigForClient == nil {
		return closeAndFail(conn, errors.New("aionet: TLSServer: config must have Certificates, GetCertificate or GetConfigForClient"))
	}
	return handshake(ctx, conn, cfg, tls.Server)
}

// closeAndFail closes conn and returns err.
func closeAndFail(conn *Conn, err error) (*TLSConn, error) {
	if conn != nil {
		conn.Close()
	}
	return nil, err
}

func handshake(ctx context.Context, conn *Conn, cfg *tls.Config, side func(net.Conn, *tls.Config) *tls.Conn) (_ *TLSConn, err error) {
	if conn == nil {
		return nil, errors.New("aionet: TLS over a nil Conn")
	}
	caller, err := conn.enter(ctx)
	if err != nil {
		return closeAndFail(conn, err)
	}
	if cfg == nil {
		cfg = &tls.Config{}
	}
	t := &TLSConn{conn: conn, wire: wire{conn: conn, reader: caller}}
	t.tls = side(&t.wire, cfg)
	done := false
	defer func() {
		if !done { // also if a callback of the config panicked
			conn.Close()
		}
	}()
	if err = t.tls.HandshakeContext(ctx); err == nil {
		err = t.wire.flush(caller)
	}
	if cause := ctx.Err(); cause != nil {
		return nil, cause
	}
	if err != nil {
		if t.wire.sendNow() == netport.ErrAgain {
			t.flushBounded(caller) // the alert with the reason, for the peer
		}
		return nil, conn.opError("handshake", handshakeError(err))
	}
	done = true
	return t, nil
}

// handshakeError removes the wrappers of err that repeat the connection's addresses or are meant
// for crypto/tls only.
func handshakeError(err error) error {
	if i, ok := err.(interrupted); ok {
		err = i.error
	}
	if o, ok := err.(*net.OpError); ok && (o.Op == "read" || o.Op == "write") {
		err = o.Err
	}
	switch e := err.(type) {
	case tls.RecordHeaderError:
		e.Conn = nil // closed
		return e
	case nil:
		return nil
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// handshakeTimeout bounds the handshake in TLSHandler.
const handshakeTimeout = 10 * time.Second

// TLSHandler returns a handler for Listener.Serve that runs handler with a TLS connection:
//
//	listener.Serve(ctx, aionet.TLSHandler(cfg, func(ctx context.Context, conn *aionet.TLSConn) error {
//		...
//	}))
//
// The handshake runs in the connection's task, so other connections are not delayed. After 10 s
// it fails. The connection is closed when the handler returns. TLSHandler panics if handler is
// nil.
func TLSHandler(cfg *tls.Config, handler func(ctx context.Context, conn *TLSConn) error) func(ctx context.Context, conn *Conn) error {
	if handler == nil {
		panic("aionet: TLSHandler: nil handler")
	}
	return func(ctx context.Context, conn *Conn) error {
		t, err := serverWithTimeout(ctx, conn, cfg)
		if err != nil {
			return err
		}
		if conn.closedByServe {
			defer t.closeByServe()
		} else {
			defer t.Close()
		}
		return handler(ctx, t)
	}
}

func serverWithTimeout(ctx context.Context, conn *Conn, cfg *tls.Config) (*TLSConn, error) {
	limited, cancel := asyncio.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	t, err := TLSServer(limited, conn, cfg)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = conn.opError("handshake", fmt.Errorf("not done in %v: %w", handshakeTimeout, err))
	}
	return t, err
}

// ConnectionState returns the result of the handshake. It may be called from any goroutine.
func (t *TLSConn) ConnectionState() tls.ConnectionState { return t.tls.ConnectionState() }

// Handshake returns nil, because the handshake is complete. It is for libraries that call it.
func (t *TLSConn) Handshake() error { return nil }

// HandshakeContext is Handshake.
func (t *TLSConn) HandshakeContext(context.Context) error { return nil }

// NetConn returns the underlying connection, a *Conn. Reading from it or writing to it breaks the
// TLS connection.
func (t *TLSConn) NetConn() net.Conn { return t.conn }

// LocalAddr returns the local address. It may be called from any goroutine.
func (t *TLSConn) LocalAddr() net.Addr { return t.conn.LocalAddr() }

// RemoteAddr returns the peer's address. It may be called from any goroutine.
func (t *TLSConn) RemoteAddr() net.Addr { return t.conn.RemoteAddr() }

// SetDeadline sets the deadlines of reading and writing, as Conn.SetDeadline does.
func (t *TLSConn) SetDeadline(at time.Time) error { return t.setDeadline(at, t.conn.SetDeadline) }

// SetReadDeadline sets the deadline of reading, as Conn.SetReadDeadline does.
func (t *TLSConn) SetReadDeadline(at time.Time) error {
	return t.setDeadline(at, t.conn.SetReadDeadline)
}

// SetWriteDeadline sets the deadline of writing, as Conn.SetWriteDeadline does.
func (t *TLSConn) SetWriteDeadline(at time.Time) error {
	return t.setDeadline(at, t.conn.SetWriteDeadline)
}

func (t *TLSConn) setDeadline(at time.Time, set func(time.Time) error) error {
	if t.wire.closed.Load() {
		return t.conn.opError("set", net.ErrClosed)
	}
	return set(at)
}
