package aiohttp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// closeNotifyDelay bounds the time between two steps of net/http after a failed read or write: it
// cancels the request's context, and then reports the failure. Few statements lie between.
const closeNotifyDelay = 200 * time.Millisecond

// awaitDisconnect returns when the task is done, or when the caller must cancel the task. It is
// called after the request's context has ended, in the server's goroutine. It blocks while a
// half-closed HTTP/1 client may still read the response, and after a write was interrupted.
//
// Package net/http cancels the context without a cause when a read or a write fails. After a
// failed read it also sends to the channel of CloseNotify; no other cancellation does. A read
// also fails if the server itself closes the connection.
func (w *response) awaitDisconnect(cancelOnEOF bool, done, left <-chan struct{}) {
	ctx := w.request.Context()
	if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
		return
	}
	if !w.wasInterrupted() {
		if w.request.ProtoMajor != 1 {
			return
		}
		tick := time.NewTicker(closeNotifyDelay)
		defer tick.Stop()
		failed := readFailed(w.under)
		select {
		case <-failed:
		case <-done:
			return
		case <-left:
			return
		case <-tick.C:
			select {
			case <-failed:
			default:
				if !w.wasInterrupted() {
					return
				}
			}
		}
		for held := false; !w.wasInterrupted(); {
			// The client sends no more, so a read deadline has no other effect.
			if cancelOnEOF || errors.Is(w.control.SetReadDeadline(pastTime), net.ErrClosed) {
				// Package net/http closes the connection before an interrupted write returns.
				if (held || w.writeIdle()) && !w.wasInterrupted() {
					return
				}
				held = true
			}
			select {
			case <-tick.C: // the server may close the connection later
			case <-done:
				return
			case <-left:
				return
			}
		}
	}
	select {
	case <-done:
	case <-left:
	}
}

// writeIdle reports whether no write is in progress.
func (w *response) writeIdle() bool {
	if !w.mu.TryLock() {
		return false
	}
	w.mu.Unlock()
	return true
}

// readFailed returns the channel of CloseNotify of the server's http.ResponseWriter. It
// returns nil if there is none, or if the server has finished the request. The request's
// context replaces http.CloseNotifier, but does not distinguish a failed read from a cancellation.
func readFailed(under http.ResponseWriter) (failed <-chan bool) {
	defer func() { recover() }() // CloseNotify panics after the end of the request
	for {
		switch w := under.(type) {
		case interface{ CloseNotify() <-chan bool }:
			return w.CloseNotify()
		case interface{ Unwrap() http.ResponseWriter }:
			under = w.Unwrap()
		default:
			return nil
		}
	}
}
