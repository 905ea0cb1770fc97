package aionet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

func (l *Listener) report(remote net.Addr, err error) { l.opts.report(l.loop, l.Addr(), remote, err) }

// report counts an error of a connection or of accepting, and passes it to OnError or the log.
// Resets, time-outs and closes of the connection itself are logged at debug level.
func (o *options) report(l *engine.Loop, listener, remote net.Addr, err error) {
	level := slog.LevelWarn
	if o.count(l, remote, err) {
		level = slog.LevelDebug
	}
	if o.onError != nil && o.callOnError(l, remote, err) {
		return
	}
	if remote != nil && l.HandlerFailed("the handler of the connection from "+remote.String(), err) {
		return
	}
	msg, attrs := "aionet: accepting failed", []any{"error", err}
	var from, to string
	if listener != nil {
		to = listener.String()
		attrs = append(attrs, "listener", to)
	}
	if remote != nil {
		from = remote.String()
		msg, attrs = "aionet: a connection failed", append(attrs, "remote", from)
	}
	var stack []byte
	var p *asyncio.PanicError
	if errors.As(err, &p) {
		level = slog.LevelError
		stack = p.Stack
		attrs = append(attrs, "stack", string(stack))
	}
	l.LogLimited(level, msg, engine.LogKeyOf(to, from, err, stack), attrs...)
}

// count counts an error. It reports whether the connection itself was reset, timed out or
// closed.
func (o *options) count(l *engine.Loop, remote net.Addr, err error) bool {
	var op *net.OpError
	ofConn := remote != nil && errors.As(err, &op) && op.Addr == remote
	switch {
	case remote == nil:
		l.Conns.Accept.Add(1)
	case ofConn && (errors.Is(op.Err, syscall.ECONNRESET) || errors.Is(op.Err, syscall.EPIPE)):
		l.Conns.Reset.Add(1)
		return true
	case ofConn && (errors.Is(op.Err, os.ErrDeadlineExceeded) || errors.Is(op.Err, context.DeadlineExceeded)):
		l.Conns.TimedOut.Add(1)
		return true
	case ofConn && errors.Is(op.Err, net.ErrClosed):
		l.Conns.Closed.Add(1)
		return true
	default:
		l.Conns.Failed.Add(1)
	}
	return false
}

// callOnError passes an error to OnError. If OnError panics, callOnError logs the panic and
// returns false, and the caller logs the error.
func (o *options) callOnError(l *engine.Loop, remote net.Addr, err error) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			stack := debug.Stack()
			l.LogLimited(slog.LevelError, "aionet: OnError panicked", engine.LogKeyOf("", "", fmt.Errorf("%v", v), stack), "panic", v, "stack", string(stack))
		}
	}()
	o.onError(remote, err)
	return true
}
