package aiohttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// ErrClientGone is the cause of the cancellation of a request's task when the context of the
// request ends, or when a write of the response fails. Most likely the client has closed the
// connection. The context also ends when its parent is cancelled, and at Close of the
// http.Server. CancelOnEOF describes the end of a context that does not cancel the task.
var ErrClientGone = errors.New("aiohttp: the request was cancelled by its client")

// A HandlerFunc answers a request in a task of a loop. See Handler.
type HandlerFunc func(ctx context.Context, w http.ResponseWriter, r *http.Request) error

// An Option is an option of Handler.
type Option func(*handler)

// OnError sets a function that is called, on the loop, for errors and panics of the handler. They are
// then not logged.
func OnError(fn func(r *http.Request, err error)) Option {
	return func(h *handler) { h.onError = fn }
}

// MaxBody bounds the bodies of requests to n bytes. Reading more returns an *http.MaxBytesError, and
// the connection is closed. MaxBody panics if n is negative.
func MaxBody(n int64) Option {
	if n < 0 {
		panic(fmt.Sprintf("aiohttp: MaxBody(%d): n must be at least 0", n))
	}
	return func(h *handler) { h.maxBody = &n }
}

// CancelOnEOF cancels the task of a request, with ErrClientGone, when an HTTP/1 client
// half-closes or resets the connection. Package net/http detects both once the request's
// body has been read to its end. Some clients half-close the connection and wait for the
// response: nc -N, and some proxies. They get 503, as the server cannot tell a half-closed
// connection from a closed one.
//
// Without CancelOnEOF the task continues in both cases, and a half-closing client gets its
// response. The request's context has ended and reports nothing further. The task is then
// cancelled only when a write of its response fails, at Close of the http.Server, or when
// the loop ends.
func CancelOnEOF() Option {
	return func(h *handler) { h.cancelOnEOF = true }
}

type handler struct {
	loop        *asyncio.Loop
	fn          HandlerFunc
	onError     func(r *http.Request, err error)
	maxBody     *int64
	cancelOnEOF bool
}

// Handler returns an http.Handler that runs fn as a task of the loop for each request,
// while the goroutine of the server waits.
//
// The ctx of fn, which is also the request's, has the values of the request's context
// and belongs to the loop. It is cancelled when the loop ends, and with ErrClientGone when
// the request's context ends or a write of the response fails. An HTTP/1 client that
// half-closes or resets the connection ends the request's context, but cancels the task only
// with CancelOnEOF. To recognize these clients Handler needs the http.ResponseWriter of
// net/http, or one whose methods Unwrap lead to it. With any other http.ResponseWriter, every
// end of the request's context cancels the task. Handler takes up to 200 milliseconds to
// recognize other cancellations that have no cause.
//
// aionet.Draining(ctx) is closed when Shutdown of the http.Server begins. Shutdown waits for
// the task, so a long poll or an event stream must select the channel. The channel stays open
// if the server's first request for a Handler arrives after Shutdown has begun.
//
// fn uses w and r.Body as with net/http. Each of them may be used by any task or goroutine, one at
// a time, and not after fn has returned.
//
//   - Read of the body suspends the calling task until data has arrived.
//   - Write appends to a buffer. The buffer is sent when it is full, by Flush, and at the end.
//     Sending suspends the calling task while the client's receive buffer is full.
//   - http.ResponseController, http.Flusher, io.ReaderFrom and http.Hijacker work on w. ReadFrom
//     reads and sends a file in a goroutine. Hijack returns a connection of the loop.
//
// A call obeys the ctx of the calling task, not that of a body within it. If the task is
// cancelled, the calls return its context's error. A Write that was sending is then interrupted, and
// the response is truncated. A write deadline that passes during a Write does the same. The
// handler's task is not cancelled by that, so it can clean up, and the request's context reports
// nothing further. With HTTP/2, however, a write deadline ends the request's context.
//
// If fn returns an error or panics, the error is logged, or passed to OnError, and the response is
// 500. If fn has returned an error after WriteHeader, its status is sent instead. If a part of the
// response was already sent, the connection is closed, so that the client detects the error.
// http.ErrAbortHandler closes the connection and is not logged. If the task was cancelled, or the
// loop has ended, the response is 503. Requests before the start of the loop wait.
//
// Handler panics if loop or fn is nil.
func Handler(loop *asyncio.Loop, fn HandlerFunc, opts ...Option) http.Handler {
	if loop == nil || fn == nil {
		panic("aiohttp: Handler: loop and function must not be nil")
	}
	h := &handler{loop: loop, fn: fn}
	for _, opt := range opts {
		if opt != nil {
			opt(h)
		}
	}
	return h
}

// ServeHTTP submits the task and waits for it in the server's goroutine. Then it completes the
// response.
func (h *handler) ServeHTTP(under http.ResponseWriter, r *http.Request) {
	w := newResponse(under, r)
	in := newBody(r.Body)
	if h.maxBody != nil {
		in.src = http.MaxBytesReader(under, r.Body, *h.maxBody)
	}
	alive, left := context.WithCancel(context.WithoutCancel(r.Context()))
	defer left()
	w.release = left
	waiting, stop := context.WithCancel(alive)
	defer stop()
	defer context.AfterFunc(r.Context(), stop)()

	draining := drainingOf(r.Context())
	var failed error
	var asked *http.Request // the request that is passed to the handler
	task := asyncio.Submit(h.loop, func(ctx context.Context) (struct{}, error) {
		own := withValues{ctx, r.Context(), draining}
		in.loop, w.ctx = engine.NodeOf(ctx).Loop(), own
		asked = r.WithContext(own)
		if r.Body != http.NoBody {
			asked.Body = in
		}
		failed = h.run(own, w, asked)
		in.Close()
		return struct{}{}, nil
	}, asyncio.Name(r.Method+" "+r.URL.Path))
	_, err := task.Await(waiting)
	if waiting.Err() != nil {
		w.awaitDisconnect(h.cancelOnEOF, task.Done(), alive.Done())
		if w.hijacked.Load() {
			return // the task continues without this goroutine
		}
		task.Cancel(ErrClientGone)
		_, err = task.Await(context.Background())
	}
	in.end(w.control)
	if err == nil && asked.MultipartForm != nil {
		defer asked.MultipartForm.RemoveAll() // the server removes only the form of its own request
	}
	if err == nil {
		err = failed
	}
	w.end(err)
}

// run calls the handler in the task. It reports and returns its error or panic.
func (h *handler) run(ctx context.Context, w *response, r *http.Request) (err error) {
	returned := false
	defer func() {
		w.handlerReturned = true
		if !returned {
			v := recover()
			if v == nil { // runtime.Goexit
				return
			}
			err = &asyncio.PanicError{Value: v, Stack: debug.Stack()}
			w.statusByHandler = false // discard the status that it has set
		}
		switch {
		case err == nil:
		case errors.Is(err, http.ErrAbortHandler):
			err = http.ErrAbortHandler
		case ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))):
			err = errCancelled
		default:
			h.report(r, err)
		}
	}()
	err = h.fn(ctx, w, r)
	returned = true
	return err
}

var errCancelled = errors.New("aiohttp: the task of the request was cancelled")

func (h *handler) report(r *http.Request, err error) {
	if h.onError != nil && h.callOnError(r, err) {
		return
	}
	if engine.NodeOf(r.Context()).Loop().HandlerFailed("the handler of "+r.Method+" "+strconv.Quote(r.URL.Path), err) {
		return
	}
	attrs := []any{"method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr, "error", err}
	var stack []byte
	var p *asyncio.PanicError
	if errors.As(err, &p) {
		stack = p.Stack
		attrs = append(attrs, "stack", string(stack))
	}
	key := engine.LogKeyOf("", r.RemoteAddr, err, stack)
	engine.NodeOf(r.Context()).Loop().LogLimited(slog.LevelError, "aiohttp: a request failed", key, attrs...)
}

// callOnError passes the error to OnError. If OnError panics, callOnError logs the panic and returns
// false, and the caller logs the error.
func (h *handler) callOnError(r *http.Request, err error) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			stack := debug.Stack()
			key := engine.LogKeyOf("", "", fmt.Errorf("%v", v), stack)
			engine.NodeOf(r.Context()).Loop().LogLimited(slog.LevelError, "aiohttp: OnError panicked", key, "panic", v, "stack", string(stack))
		}
	}()
	h.onError(r, err)
	return true
}

// withValues is the ctx of a task, with the values of a request's context and the channel
// that aionet.Draining returns.
type withValues struct {
	context.Context
	values   context.Context
	draining <-chan struct{}
}

func (c withValues) Value(key any) any {
	if _, ok := key.(netport.DrainingKey); ok {
		return func() <-chan struct{} { return c.draining }
	}
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return engine.OffLoop{Context: c.values}.Value(key)
}
