package aiohttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// A write deadline, or the cancellation of a task that writes, does not cancel the handler's
// task, which may clean up.
func TestWrite_InterruptedByTheHandler(t *testing.T) {
	fill := func(_ context.Context, w http.ResponseWriter) (none struct{}, err error) {
		for err == nil {
			_, err = io.WriteString(w, pattern(1<<16))
		}
		return none, err
	}
	for protocol, start := range map[string]func(*httptest.Server){
		"HTTP/1.1": (*httptest.Server).Start,
		"TLS":      (*httptest.Server).StartTLS,
		"HTTP/2":   func(server *httptest.Server) { server.EnableHTTP2 = true; server.StartTLS() },
	} {
		for name, c := range map[string]struct {
			write func(ctx context.Context, w http.ResponseWriter) error
			http2 bool // it does not reset the HTTP/2 stream
		}{
			"WaitFor": {func(ctx context.Context, w http.ResponseWriter) error {
				_, err := asyncio.WaitFor(ctx, 20*time.Millisecond, asyncio.Coro(fill, w))
				return err
			}, true},
			"a task's cancellation": {func(ctx context.Context, w http.ResponseWriter) error {
				writing := asyncio.CreateTask(ctx, asyncio.Coro(fill, w))
				if err := asyncio.Sleep(ctx, 20*time.Millisecond); err != nil {
					return err
				}
				writing.Cancel(nil)
				_, err := writing.Await(ctx)
				return err
			}, true},
			"SetWriteDeadline": {func(ctx context.Context, w http.ResponseWriter) error {
				if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
					return err
				}
				_, err := fill(ctx, w)
				return err
			}, false},
		} {
			if protocol == "HTTP/2" && !c.http2 {
				continue // net/http resets the stream at the deadline
			}
			t.Run(protocol+", "+name, func(t *testing.T) {
				s := begin(t, 0)
				ended := make(chan error, 1)
				s.server = httptest.NewUnstartedServer(aiohttp.Handler(s.loop, func(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
					if err := http.NewResponseController(w).Flush(); err != nil { // the client has the header, however early the write ends
						ended <- err
						return err
					}
					err := c.write(ctx, w)
					if err == nil {
						ended <- errors.New("the write did not fail")
						return nil
					}
					ended <- errors.Join(asyncio.Sleep(ctx, 2*aiohttp.NoticeTime), context.Cause(ctx))
					return http.ErrAbortHandler
				}))
				start(s.server)
				if s.server.TLS != nil {
					s.client = s.server.Client()
				}
				res, err := s.client.Get(s.server.URL)
				if err != nil {
					t.Fatal(err)
				}
				defer res.Body.Close()
				if err := <-ended; err != nil {
					t.Errorf("the task after its write: %v", err)
				}
			})
		}
	}
}
