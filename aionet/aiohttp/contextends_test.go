package aiohttp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// Every end of the request's context cancels the task, unless the client has half-closed.
func TestRequestContextEnds(t *testing.T) {
	for protocol, start := range map[string]func(*httptest.Server){
		"HTTP/1.1": (*httptest.Server).Start,
		"TLS":      (*httptest.Server).StartTLS,
		"HTTP/2":   func(server *httptest.Server) { server.EnableHTTP2 = true; server.StartTLS() },
	} {
		for name, c := range map[string]struct {
			under    func(context.Context) (context.Context, func()) // middleware
			end      func(*httptest.Server, func())                  // given the cancel function of the base context
			answered bool
		}{
			"deadline": {under: func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithTimeout(ctx, 0)
				return ctx, cancel
			}, answered: true},
			"cause": {under: func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancelCause(ctx)
				cancel(errors.New("a reason"))
				return ctx, func() {}
			}, answered: true},
			"middleware": {under: func(ctx context.Context) (context.Context, func()) {
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return ctx, cancel
			}, answered: true},
			"base context": {end: func(_ *httptest.Server, cancel func()) { cancel() }, answered: true},
			"Server.Close": {end: func(server *httptest.Server, _ func()) { server.Config.Close() }},
		} {
			t.Run(protocol+", "+name, func(t *testing.T) {
				s := begin(t, 0)
				begun, causes := make(chan struct{}), make(chan error, 1)
				handler := aiohttp.Handler(s.loop, func(ctx context.Context, _ http.ResponseWriter, _ *http.Request) error {
					close(begun)
					err := asyncio.Sleep(ctx, time.Hour)
					causes <- context.Cause(ctx)
					return err
				})
				s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					ctx := r.Context()
					if c.under != nil {
						under, stop := c.under(ctx)
						defer stop()
						ctx = under
					}
					handler.ServeHTTP(w, r.WithContext(ctx))
				}))
				base, cancel := context.WithCancel(context.Background())
				defer cancel()
				s.server.Config.BaseContext = func(net.Listener) context.Context { return base }
				start(s.server)
				if s.server.TLS != nil {
					s.client = s.server.Client()
				}
				answered := make(chan struct{})
				go func() {
					defer close(answered)
					res, text, err := s.do("GET", "/", nil)
					if c.answered && (err != nil || res.StatusCode != http.StatusServiceUnavailable) {
						t.Errorf("%v %q, error %v, want 503", res, text, err)
					}
				}()
				if c.end != nil {
					<-begun
					c.end(s.server, cancel)
					if cause := <-causes; cause != aiohttp.ErrClientGone {
						t.Errorf("cause %v, want ErrClientGone", cause)
					}
				}
				<-answered
			})
		}
	}
}

// A half-closing client is answered although the handler runs for longer than noticeTime,
// with and without middleware.
func TestHalfClosingClientsOfSlowHandlers(t *testing.T) {
	for name, wrap := range map[string]func(w http.ResponseWriter) http.ResponseWriter{
		"net/http's own":   func(w http.ResponseWriter) http.ResponseWriter { return w },
		"one that unwraps": func(w http.ResponseWriter) http.ResponseWriter { return unwraps{struct{ http.ResponseWriter }{w}, w} },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
				if err := asyncio.Sleep(ctx, 2*aiohttp.NoticeTime); err != nil {
					return err
				}
				_, err := io.WriteString(w, "hello")
				return err
			})
			inner := s.server.Config.Handler
			s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				ctx, cancel := context.WithCancel(r.Context())
				defer cancel()
				inner.ServeHTTP(wrap(w), r.WithContext(ctx))
			})
			if statuses := ask(t, s.server, halfClosed["HTTP/1.1"].text); len(statuses) != 1 || statuses[0] != http.StatusOK {
				t.Errorf("answers %v, want 200", statuses)
			}
		})
	}
	t.Run("TLS", func(t *testing.T) {
		s := begin(t, 0)
		s.server = httptest.NewTLSServer(aiohttp.Handler(s.loop, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
			return asyncio.Sleep(ctx, 2*aiohttp.NoticeTime)
		}))
		c, err := tls.Dial("tcp", s.server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
		c.CloseWrite()
		if text, err := io.ReadAll(c); err != nil || len(text) < 12 || string(text[9:12]) != "200" {
			t.Errorf("%q, error %v, want 200", text, err)
		}
	})
}

// unwraps is the http.ResponseWriter of middleware.
type unwraps struct {
	http.ResponseWriter
	inner http.ResponseWriter
}

func (w unwraps) Unwrap() http.ResponseWriter { return w.inner }

// With a ResponseWriter that hides that of net/http, every cancellation reaches the task.
func TestCancellationBehindAnotherResponseWriter(t *testing.T) {
	s := serve(t, func(ctx context.Context, _ http.ResponseWriter, _ *http.Request) error {
		return asyncio.Sleep(ctx, time.Hour)
	})
	inner := s.server.Config.Handler
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
	if statuses := ask(t, s.server, halfClosed["HTTP/1.1"].text); len(statuses) != 1 || statuses[0] != http.StatusServiceUnavailable {
		t.Errorf("answers %v, want 503", statuses)
	}
}

// If middleware returns before the handler, the end of the request cancels the handler's task.
func TestMiddlewareThatDoesNotWait(t *testing.T) {
	s := serve(t, func(ctx context.Context, _ http.ResponseWriter, _ *http.Request) error {
		return asyncio.Sleep(ctx, time.Hour)
	})
	inner := s.server.Config.Handler
	ended := make(chan any)
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := httptest.NewRecorder()
		go func() {
			defer func() { ended <- recover() }()
			inner.ServeHTTP(unwraps{own, w}, r)
		}()
	})
	s.expect("GET", "/", "", 200, "")
	if v := <-ended; v != nil {
		t.Errorf("panic %v", v)
	}
}

// Close of the server cancels a task whose client has half-closed the connection.
func TestServerCloseAfterHalfClose(t *testing.T) {
	begun, causes := make(chan struct{}, 1), make(chan error, 1)
	s := serve(t, func(ctx context.Context, _ http.ResponseWriter, _ *http.Request) error {
		begun <- struct{}{}
		err := asyncio.Sleep(ctx, time.Hour)
		causes <- context.Cause(ctx)
		return err
	})
	inner := s.server.Config.Handler
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer context.AfterFunc(r.Context(), func() { s.server.Config.Close() })()
		inner.ServeHTTP(w, r)
	})
	ask(t, s.server, halfClosed["HTTP/1.1"].text, begun)
	if cause := <-causes; cause != aiohttp.ErrClientGone {
		t.Errorf("cause %v, want ErrClientGone", cause)
	}
}
