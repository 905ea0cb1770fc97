package aiohttp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// noticeTime bounds how long net/http takes from the cancellation of a request's context to
// the notification that a read has failed, which is its next statement.
const noticeTime = 200 * time.Millisecond

// mayBeRead reports whether the client may still read the response although the request's
// context has ended: an HTTP/1 client has ended its direction. It returns early when done or
// left is closed. The server's goroutine calls it.
//
// Net/http cancels the context without a cause when a read fails, and then sends to the
// channel of CloseNotify, which no other cancellation does. The reads of a connection that
// the server itself has closed fail too.
func (w *response) mayBeRead(done, left <-chan struct{}) bool {
	ctx := w.request.Context()
	if w.request.ProtoMajor != 1 || ctx.Err() != context.Canceled || context.Cause(ctx) != context.Canceled {
		return false
	}
	timer := time.NewTimer(noticeTime)
	defer timer.Stop()
	failed := readFailed(w.under)
	select {
	case <-failed:
	case <-done:
		return true
	case <-left:
		return false
	case <-timer.C:
		select {
		case <-failed:
		default:
			return false
		}
	}
	// Nothing more can be read, so the deadline changes nothing.
	return !errors.Is(w.control.SetReadDeadline(longAgo), net.ErrClosed)
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
