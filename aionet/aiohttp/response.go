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

// A response is the http.ResponseWriter of a task. But for under, everything belongs to
// the task, and after that to the goroutine of the server.
type response struct {
	under   http.ResponseWriter
	control *http.ResponseController
	request *http.Request   // the server's
	ctx     context.Context // of the handler

	mu     sync.Mutex  // held while under is used
	status int         // of the answer; 0: not said yet
	chosen bool        // by WriteHeader
	buf    []byte      // what was written and not sent
	handed bool        // the handler has the header
	head   http.Header // as it was when the status was said; nil: as it is
	length int64       // of the body, as the header says; -1: it says nothing
	took   int64       // bytes of it
	sent   bool        // the answer has begun to go to under
	busy   bool        // somebody is sending
	ended  bool        // the handler has returned

	hijacked atomic.Bool
	cut      atomic.Bool // a deadline or a cancellation has ended a write
	deadline atomic.Pointer[time.Time]
	left     context.CancelFunc // releases the server's goroutine: a write failed, or the connection was hijacked
}

func newResponse(under http.ResponseWriter, r *http.Request) *response {
	return &response{under: under, control: http.NewResponseController(under), request: r}
}

// bufferLen is how much is written before it is sent by itself.
const bufferLen = 32 << 10

var (
	errEnded    = errors.New("aiohttp: the handler of this request has returned")
	errSending  = errors.New("aiohttp: another task is sending the response")
	errHijacked = http.ErrHijacked
)

func (w *response) Header() http.Header {
	h := w.under.Header()
	if w.handed = true; w.status != 0 && !w.sent && w.head == nil {
		w.head = h.Clone()
	}
	return h
}

// WriteHeader notes the status; one of 1xx is sent at once.
func (w *response) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		panic(fmt.Sprintf("aiohttp: WriteHeader(%d): status must be from 100 to 999", status))
	case w.usable() != nil || w.status != 0:
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.off(func() error { w.under.WriteHeader(status); return nil })
	default:
		w.say(status)
		w.chosen = true
	}
}

// say fixes the status and the header: what the handler does to it later is for
// trailers.
func (w *response) say(status int) {
	w.status, w.length = status, -1
	h := w.under.Header()
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.length = n
	}
	if w.handed {
		w.head = h.Clone()
	}
}

func (w *response) usable() error {
	switch {
	case w.hijacked.Load():
		return errHijacked
	case w.ended:
		return errEnded
	case w.busy:
		return errSending
	}
	return nil
}

// Write keeps p if there is room, and sends it otherwise.
func (w *response) Write(p []byte) (int, error) {
	if err := w.usable(); err != nil {
		return 0, err
	}
	w.begun()
	if !hasBody(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if w.took += int64(len(p)); w.length >= 0 && w.took > w.length {
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

// begun is called by what implies the status 200.
func (w *response) begun() {
	if w.status == 0 {
		w.say(http.StatusOK)
	}
}

// WriteString is Write.
func (w *response) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// FlushError sends what was written: http.ResponseController's Flush calls it.
func (w *response) FlushError() error {
	if err := w.usable(); err != nil {
		return err
	}
	w.begun()
	return w.send(w.control.Flush)
}

// Flush is FlushError for those who do not ask.
func (w *response) Flush() { w.FlushError() }

// ReadFrom sends a file from the goroutine that reads it: the disk may be slow, and the
// system may send it without copying. Anything else is read by the task.
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
	w.begun()
	err = w.send(func() (err error) {
		n, err = io.Copy(w.under, r)
		return err
	})
	return n, err
}

// send sends what is in the buffer and then does what is left to do.
func (w *response) send(last func() error) error {
	return w.off(func() error {
		if err := w.begin(); err != nil {
			return err
		}
		return last()
	})
}

// begin sends the header, if that has not happened, and the buffer.
func (w *response) begin() error {
	if !w.sent {
		w.sent = true
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

// writeHeader has the server take the header as it was when the status was said.
func (w *response) writeHeader() {
	if w.head == nil {
		w.under.WriteHeader(w.status)
		return
	}
	h := w.under.Header()
	later := maps.Clone(h)
	become(h, w.head)
	w.under.WriteHeader(w.status) // which copies it
	become(h, later)
}

func become(h, other http.Header) {
	clear(h)
	maps.Copy(h, other)
}

// off uses under outside of the loop. A cancellation cuts what is being sent.
func (w *response) off(op func() error) error {
	w.busy = true
	defer func() { w.busy = false }()
	var failed error
	err := outside(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		failed = op()
		if errors.Is(failed, os.ErrDeadlineExceeded) {
			w.cut.Store(true)
		}
		return failed
	}, func() {
		w.cut.Store(true)
		w.control.SetWriteDeadline(longAgo)
	})
	var broken *net.OpError // an error of the connection, not of a file being read
	if errors.As(failed, &broken) && !errors.Is(failed, os.ErrDeadlineExceeded) {
		w.left()
	}
	return err
}

// SetWriteDeadline also records the deadline. With TLS, a write may return up to 5 seconds
// after the deadline has ended it.
func (w *response) SetWriteDeadline(t time.Time) error {
	w.deadline.Store(&t)
	return w.control.SetWriteDeadline(t)
}

// wasCut reports whether a cancellation or a write deadline has ended a write.
func (w *response) wasCut() bool {
	t := w.deadline.Load()
	return w.cut.Load() || t != nil && !t.IsZero() && !time.Now().Before(*t) && !w.idle()
}

// Unwrap returns the server's http.ResponseWriter, for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.under }

// end is the server's last word: the handler has returned with err, or its loop has left it.
func (w *response) end(err error) {
	if !w.mu.TryLock() { // a task that was left behind, or one beside the handler, is sending
		w.control.SetWriteDeadline(longAgo)
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	switch {
	case w.hijacked.Load():
	case err == nil:
		w.finish()
	case w.sent || err == http.ErrAbortHandler:
		panic(http.ErrAbortHandler)
	case w.ended && w.chosen:
		w.finish()
	case err == errCancelled || !w.ended: // or it never ran, or was left behind
		w.refuse(http.StatusServiceUnavailable)
	default:
		w.refuse(http.StatusInternalServerError)
	}
}

// finish sends what is left, with its length if that is all there is.
func (w *response) finish() {
	h := w.head
	if h == nil {
		h = w.under.Header()
	}
	if !w.sent && len(w.buf) > 0 && h["Content-Length"] == nil && h["Transfer-Encoding"] == nil && !hasTrailers(h) && hasBody(w.status) {
		h.Set("Content-Length", strconv.Itoa(len(w.buf)))
	}
	w.begin()
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

// refuse answers in the place of the handler.
func (w *response) refuse(status int) {
	clear(w.under.Header())
	if status == http.StatusServiceUnavailable {
		w.under.Header().Set("Retry-After", "1")
	}
	http.Error(w.under, http.StatusText(status), status)
}
