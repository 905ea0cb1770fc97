package aiohttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A response is the http.ResponseWriter of a handler. Its fields belong to the task, and after the
// end of the task to the server's goroutine.
type response struct {
	under   http.ResponseWriter
	control *http.ResponseController
	request *http.Request   // the server's
	ctx     context.Context // of the handler

	mu              sync.Mutex  // held while under is used
	status          int         // 0: not set yet
	statusByHandler bool        // the handler has called WriteHeader
	buf             []byte      // written and not sent
	headerExposed   bool        // Header was called
	savedHeader     http.Header // the header when the status was set; nil: unchanged since
	contentLength   int64       // the Content-Length header; -1: none
	bodyLen         int64       // bytes written by the handler
	headerSent      bool        // the response has begun
	sending         bool        // a call of under is in progress
	handlerReturned bool        // the handler has returned

	hijacked    atomic.Bool
	interrupted atomic.Bool // a deadline or a cancellation has ended a write
	deadline    atomic.Pointer[time.Time]
	release     context.CancelFunc // releases the server's goroutine: a write failed, or the connection was hijacked
}

func newResponse(under http.ResponseWriter, r *http.Request) *response {
	return &response{under: under, control: http.NewResponseController(under), request: r}
}

// bufferLen is the size of the buffer. It is sent when it is full.
const bufferLen = 32 << 10

var (
	errEnded    = errors.New("aiohttp: the handler of this request has returned")
	errSending  = errors.New("aiohttp: another task is sending the response")
	errHijacked = http.ErrHijacked
)

func (w *response) Header() http.Header {
	h := w.under.Header()
	if w.headerExposed = true; w.status != 0 && !w.headerSent && w.savedHeader == nil {
		w.savedHeader = h.Clone()
	}
	return h
}

// WriteHeader sets the status. It sends a status of 1xx at once.
func (w *response) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		panic(fmt.Sprintf("aiohttp: WriteHeader(%d): status must be from 100 to 999", status))
	case w.usable() != nil || w.status != 0:
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.offLoop(func() error { w.under.WriteHeader(status); return nil })
	default:
		w.fixStatus(status)
		w.statusByHandler = true
	}
}

// fixStatus sets the status and saves the header. Later changes of the header are trailers.
func (w *response) fixStatus(status int) {
	w.status, w.contentLength = status, -1
	h := w.under.Header()
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.contentLength = n
	}
	if w.headerExposed {
		w.savedHeader = h.Clone()
	}
}

func (w *response) usable() error {
	switch {
	case w.hijacked.Load():
		return errHijacked
	case w.handlerReturned:
		return errEnded
	case w.sending:
		return errSending
	}
	return nil
}

// Write appends p to the buffer. If p does not fit, Write sends the buffer and p.
func (w *response) Write(p []byte) (int, error) {
	if err := w.usable(); err != nil {
		return 0, err
	}
	w.impliedOK()
	if !hasBody(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if w.bodyLen += int64(len(p)); w.contentLength >= 0 && w.bodyLen > w.contentLength {
		return 0, http.ErrContentLength
	}
	if len(w.buf)+len(p) <= bufferLen {
		w.buf = append(w.buf, p...)
		return len(p), nil
	}
	var n int
	err := w.send(func() (err error) {
		n, err = w.under.Write(p)
		return err
	})
	return n, err
}

// impliedOK sets the status 200 if none is set.
func (w *response) impliedOK() {
	if w.status == 0 {
		w.fixStatus(http.StatusOK)
	}
}

// WriteString is Write for a string.
func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// FlushError sends the buffer. Flush of http.ResponseController calls it.
func (w *response) FlushError() error {
	if err := w.usable(); err != nil {
		return err
	}
	w.impliedOK()
	return w.send(w.control.Flush)
}

// Flush is FlushError without the error. It implements http.Flusher.
func (w *response) Flush() { w.FlushError() }

// ReadFrom reads and sends a file in one goroutine: reading may block, and the system may send the
// file without copying. Other readers are read by the task.
func (w *response) ReadFrom(r io.Reader) (n int64, err error) {
	from := r
	if limited, ok := r.(*io.LimitedReader); ok {
		from = limited.R
	}
	if _, ok := from.(*os.File); !ok {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	if err := w.usable(); err != nil {
		return 0, err
	}
	w.impliedOK()
	err = w.send(func() (err error) {
		n, err = io.Copy(w.under, r)
		return err
	})
	return n, err
}

// send sends the buffer and then calls last.
func (w *response) send(last func() error) error {
	return w.offLoop(func() error {
		if err := w.sendBuffered(); err != nil {
			return err
		}
		return last()
	})
}

// sendBuffered sends the header, unless it was sent, and the buffer.
func (w *response) sendBuffered() error {
	if !w.headerSent {
		w.headerSent = true
		if w.status != 0 {
			w.writeHeader()
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.under.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// writeHeader calls WriteHeader of the server with the header that fixStatus has saved.
func (w *response) writeHeader() {
	if w.savedHeader == nil {
		w.under.WriteHeader(w.status)
		return
	}
	h := w.under.Header()
	trailers := maps.Clone(h)
	replaceHeader(h, w.savedHeader)
	w.under.WriteHeader(w.status) // copies the header
	replaceHeader(h, trailers)
}

func replaceHeader(h, other http.Header) {
	clear(h)
	maps.Copy(h, other)
}

// offLoop calls op, which uses under, by runBlocking. A cancellation interrupts op.
func (w *response) offLoop(op func() error) error {
	w.sending = true
	defer func() { w.sending = false }()
	var failed error
	err := runBlocking(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		failed = op()
		if errors.Is(failed, os.ErrDeadlineExceeded) {
			w.interrupted.Store(true)
		}
		return failed
	}, func() {
		w.interrupted.Store(true)
		w.control.SetWriteDeadline(pastTime)
	})
	var broken *net.OpError // an error of the connection, not of a file being read
	if errors.As(failed, &broken) && !errors.Is(failed, os.ErrDeadlineExceeded) {
		w.release()
	}
	return err
}

// SetWriteDeadline also records the deadline. With TLS, a write may return up to 5 seconds
// after the deadline has ended it.
func (w *response) SetWriteDeadline(t time.Time) error {
	w.deadline.Store(&t)
	return w.control.SetWriteDeadline(t)
}

// wasInterrupted reports whether a cancellation or a write deadline has ended a write.
func (w *response) wasInterrupted() bool {
	t := w.deadline.Load()
	return w.interrupted.Load() || t != nil && !t.IsZero() && !time.Now().Before(*t) && !w.writeIdle()
}

// Unwrap returns the server's http.ResponseWriter, for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.under }

// end completes the response. The handler has returned with err, or was abandoned by its loop.
func (w *response) end(err error) {
	if !w.mu.TryLock() { // an abandoned task, or another task of the handler, is sending
		w.control.SetWriteDeadline(pastTime)
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	switch {
	case w.hijacked.Load():
	case err == nil:
		w.finish()
	case w.headerSent || err == http.ErrAbortHandler:
		panic(http.ErrAbortHandler)
	case w.handlerReturned && w.statusByHandler:
		w.finish()
	case err == errCancelled || !w.handlerReturned: // or the handler was never called, or was abandoned
		w.sendError(http.StatusServiceUnavailable)
	default:
		w.sendError(http.StatusInternalServerError)
	}
}

// finish sends the buffer. If it is the whole body, finish sets Content-Length.
func (w *response) finish() {
	h := w.savedHeader
	if h == nil {
		h = w.under.Header()
	}
	if !w.headerSent && len(w.buf) > 0 && h["Content-Length"] == nil && h["Transfer-Encoding"] == nil && !hasTrailers(h) && hasBody(w.status) {
		h.Set("Content-Length", strconv.Itoa(len(w.buf)))
	}
	w.sendBuffered()
}

func hasTrailers(h http.Header) bool {
	for key := range h {
		if key == "Trailer" || strings.HasPrefix(key, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

func hasBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// sendError sends an error response instead of that of the handler.
func (w *response) sendError(status int) {
	clear(w.under.Header())
	if status == http.StatusServiceUnavailable {
		w.under.Header().Set("Retry-After", "1")
	}
	http.Error(w.under, http.StatusText(status), status)
}
