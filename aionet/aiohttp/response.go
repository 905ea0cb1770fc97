package aiohttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

// A response is the http.ResponseWriter of a task. But for under, everything belongs to
// the task, and after that to the goroutine of the server.
type response struct {
	under   http.ResponseWriter
	control *http.ResponseController
	request *http.Request   // the server's
	ctx     context.Context // of the handler

	mu     sync.Mutex // held while under is used
	status int        // of the answer; 0: not said yet
	chosen bool       // by WriteHeader
	buf    []byte     // what was written and not sent
	sent   bool       // the answer has begun to go to under
	busy   bool       // somebody is sending
	ended  bool       // the handler has returned

	hijacked atomic.Bool
	left     context.CancelFunc // lets the server's goroutine go
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

func (w *response) Header() http.Header { return w.under.Header() }

// WriteHeader notes the status; one of 1xx is sent at once.
func (w *response) WriteHeader(status int) {
	switch {
	case status < 100 || status > 999:
		panic(fmt.Sprintf("aiohttp: WriteHeader(%d): a status from 100 to 999 is expected", status))
	case w.usable() != nil || w.status != 0:
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.off(func() error { w.under.WriteHeader(status); return nil })
	default:
		w.status, w.chosen = status, true
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
		w.status = http.StatusOK
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
			w.under.WriteHeader(w.status)
		}
	}
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.under.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// off uses under outside of the loop. A cancellation cuts what is being sent.
func (w *response) off(op func() error) error {
	w.busy = true
	defer func() { w.busy = false }()
	return outside(func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		return op()
	}, func() { w.control.SetWriteDeadline(longAgo) })
}

// Unwrap lets http.ResponseController set deadlines.
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
	h := w.under.Header()
	if !w.sent && len(w.buf) > 0 && h["Content-Length"] == nil && h["Transfer-Encoding"] == nil && h["Trailer"] == nil && hasBody(w.status) {
		h.Set("Content-Length", strconv.Itoa(len(w.buf)))
	}
	w.begin()
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
