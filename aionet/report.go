package aionet

import (
	"errors"
	"log/slog"
	"net"
	"runtime/debug"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

func (l *Listener) report(remote net.Addr, err error) { l.opts.report(l.loop, l.Addr(), remote, err) }

// report gives an error of a connection, or of accepting, to OnError or the log.
func (o *options) report(l *engine.Loop, listener, remote net.Addr, err error) {
	if o.onError != nil && o.told(l, remote, err) {
		return
	}
	if remote != nil && l.HandlerFailed("the handler of the connection from "+remote.String(), err) {
		return
	}
	msg, attrs := "aionet: accepting failed", []any{"error", err}
	if listener != nil {
		attrs = append(attrs, "listener", listener.String())
	}
	if remote != nil {
		msg, attrs = "aionet: a connection failed", append(attrs, "remote", remote.String())
	}
	level := slog.LevelWarn // peers fail all the time
	var p *asyncio.PanicError
	if errors.As(err, &p) {
		level = slog.LevelError
		attrs = append(attrs, "stack", string(p.Stack))
	}
	l.Log(level, msg, attrs...)
}

// told gives the error to OnError. If that panics, the server goes on, and both are
// logged.
func (o *options) told(l *engine.Loop, remote net.Addr, err error) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			l.Log(slog.LevelError, "aionet: OnError panicked", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	o.onError(remote, err)
	return true
}
