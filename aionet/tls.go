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

// A TLSConn is a Conn under TLS. It is a net.Conn that anybody may use, as a Conn is:
// Read and Write suspend the calling task, of this loop or of another; a goroutine of
// no loop is blocked. One task reads and one writes at a time; another gets ErrConnBusy.
//
// A *tls.Conn that has a Conn under it works too, but belongs to one task: it locks
// mutexes while it waits for the network, and a second task that waits for a mutex
// stops the loop. A TLSConn never waits with a mutex that another task may need.
//
// A Read or Write that was cancelled, or ran into a deadline, does no harm: the next
// one goes on where it stopped. (A *tls.Conn is of no use after that.)
type TLSConn struct {
	conn *Conn
	wire wire
	tls  *tls.Conn // over the wire; used on the loop only

	reading, writing bool
}

// TLSClient does the client's side of a TLS handshake over conn, and returns the
// connection when it is done. The config needs a ServerName, or InsecureSkipVerify;
// it must not be changed afterwards, and not allow renegotiation.
//
// The calling task, which must be of conn's loop, is suspended while it waits for the
// other side, and computes in between: up to a millisecond, as signatures cost. The
// callbacks of the config run in the task too, and may await. If ctx ends, TLSClient
// returns ctx.Err(). It obeys the deadlines of conn too. Whenever it fails conn is
// closed; the error is a *net.OpError with the addresses.
//
// From then on conn belongs to the TLSConn.
func TLSClient(ctx context.Context, conn *Conn, cfg *tls.Config) (*TLSConn, error) {
	if cfg != nil && cfg.Renegotiation != tls.RenegotiateNever {
		return refused(conn, errors.New("aionet: TLSClient: Config.Renegotiation must be tls.RenegotiateNever: a second handshake would block writers"))
	}
	return handshake(ctx, conn, cfg, tls.Client)
}

// TLSServer does the server's side of a TLS handshake over conn, as TLSClient does the
// client's. The config needs a certificate. A client may take for ever: give ctx a
// time-out, or use TLSHandler.
func TLSServer(ctx context.Context, conn *Conn, cfg *tls.Config) (*TLSConn, error) {
	if cfg == nil || len(cfg.Certificates) == 0 && cfg.GetCertificate == nil && cfg.GetConfigForClient == nil {
		return refused(conn, errors.New("aionet: TLSServer: config must have Certificates, GetCertificate or GetConfigForClient"))
	}
	return handshake(ctx, conn, cfg, tls.Server)
}

func refused(conn *Conn, err error) (*TLSConn, error) {
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
		return refused(conn, err)
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
		if t.wire.try() == netport.ErrAgain {
			t.linger(caller) // the alert tells the other side why
		}
		return nil, conn.opError("handshake", handshakeError(err))
	}
	done = true
	return t, nil
}

// handshakeError strips what would be said twice, and what only crypto/tls is told.
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

// handshakeTimeout is how long a client of TLSHandler may take.
const handshakeTimeout = 10 * time.Second

// TLSHandler makes of a handler of TLS connections one for Listener.Serve:
//
//	listener.Serve(ctx, aionet.TLSHandler(cfg, func(ctx context.Context, conn *aionet.TLSConn) error {
//		...
//	}))
//
// The handshake is part of the connection's own task, so that it holds up nobody else,
// and may take 10 s. The connection is closed when the handler returns.
func TLSHandler(cfg *tls.Config, handler func(ctx context.Context, conn *TLSConn) error) func(ctx context.Context, conn *Conn) error {
	if handler == nil {
		panic("aionet: TLSHandler: nil handler")
	}
	return func(ctx context.Context, conn *Conn) error {
		t, err := serverInTime(ctx, conn, cfg)
		if err != nil {
			return err
		}
		if conn.served {
			defer t.finish()
		} else {
			defer t.Close()
		}
		return handler(ctx, t)
	}
}

func serverInTime(ctx context.Context, conn *Conn, cfg *tls.Config) (*TLSConn, error) {
	limited, cancel := asyncio.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	t, err := TLSServer(limited, conn, cfg)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = conn.opError("handshake", fmt.Errorf("not done in %v: %w", handshakeTimeout, err))
	}
	return t, err
}

// ConnectionState tells what the handshake came to. From any goroutine.
func (t *TLSConn) ConnectionState() tls.ConnectionState { return t.tls.ConnectionState() }

// Handshake returns nil: it is done. Libraries ask for it.
func (t *TLSConn) Handshake() error { return nil }

// HandshakeContext is Handshake.
func (t *TLSConn) HandshakeContext(context.Context) error { return nil }

// NetConn returns the connection below, a *Conn. Reading or writing there breaks the
// TLS connection.
func (t *TLSConn) NetConn() net.Conn { return t.conn }

// LocalAddr returns the address of this side.
func (t *TLSConn) LocalAddr() net.Addr { return t.conn.LocalAddr() }

// RemoteAddr returns the address of the other side.
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
