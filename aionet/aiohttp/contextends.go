package aiohttp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// noticeTime bounds how long it takes from the cancellation of a request's context, by a
// failed read or write, to the report of the failure, which is one of the next statements.
const noticeTime = 200 * time.Millisecond

// awaitGone returns when the task is done or has to be cancelled because the request's
// context, or a write, has ended. It blocks while an HTTP/1 client that has ended its
// direction may still read the response, and after a write that the handler has cut. The
// server's goroutine calls it.
//
// Net/http cancels the context without a cause when a read or a write fails. After a read it
// then sends to the channel of CloseNotify, which no other cancellation does. The reads of a
// connection that the server itself closes fail too.
func (w *response) awaitGone(cancelOnEOF bool, done, left <-chan struct{}) {
	ctx := w.request.Context()
	if ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
		return
	}
	if !w.wasCut() {
		if w.request.ProtoMajor != 1 {
			return
		}
		tick := time.NewTicker(noticeTime)
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
				if !w.wasCut() {
					return
				}
			}
		}
		for held := false; !w.wasCut(); {
			// Nothing more can be read, so the deadline changes nothing.
			if cancelOnEOF || errors.Is(w.control.SetReadDeadline(longAgo), net.ErrClosed) {
				// Net/http closes the connection before a cut write returns.
				if (held || w.idle()) && !w.wasCut() {
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

// idle reports whether no write is under way.
func (w *response) idle() bool {
	if !w.mu.TryLock() {
		return false
	}
	w.mu.Unlock()
	return true
}

// readFailed returns the channel of CloseNotify of the server's http.ResponseWriter, nil if
// there is none or the server has finished the request. Interface http.CloseNotifier is
// deprecated in favor of the request's context, which does not have the difference.
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
