package aiohttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// Shutdown of the http.Server closes the channel of a handler, which ends its answer, and
// closes an idle keep-alive connection at once.
func TestDraining_ShutdownOfTheServer(t *testing.T) {
	waits := make(chan struct{}, 1)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/events" {
			waits <- struct{}{}
			if _, _, err := asyncio.Recv(ctx, aionet.Draining(ctx)); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, "bye")
		return err
	})
	s.expect("GET", "/", "", 200, "bye") // its connection is idle from now on
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		other := &http.Transport{}
		defer other.CloseIdleConnections()
		res, err := (&http.Client{Transport: other}).Get(s.server.URL + "/events")
		if err != nil {
			t.Errorf("the request under way: %v", err)
			return
		}
		defer res.Body.Close()
		if text, err := io.ReadAll(res.Body); string(text) != "bye" || err != nil {
			t.Errorf("the request under way: %q, %v", text, err)
		}
	}()
	<-waits
	if err := s.server.Config.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	<-answered
}

// The first call of Draining may come after Shutdown has begun: its channel is closed too.
func TestDraining_FirstCallAfterShutdown(t *testing.T) {
	for protocol, start := range map[string]func(*httptest.Server){
		"HTTP/1.1": (*httptest.Server).Start,
		"HTTP/2":   func(server *httptest.Server) { server.EnableHTTP2 = true; server.StartTLS() },
	} {
		t.Run(protocol, func(t *testing.T) {
			s := begin(t, 0)
			waits, begun := make(chan struct{}), make(chan struct{})
			s.server = httptest.NewUnstartedServer(aiohttp.Handler(s.loop, func(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
				close(waits)
				if _, _, err := asyncio.Recv(ctx, begun); err != nil {
					return err
				}
				if _, _, err := asyncio.Recv(ctx, aionet.Draining(ctx)); err != nil {
					return err
				}
				_, err := io.WriteString(w, "bye")
				return err
			}))
			s.server.Config.RegisterOnShutdown(func() { close(begun) })
			start(s.server)
			s.client = s.server.Client()
			answered := make(chan struct{})
			go func() {
				defer close(answered)
				s.expect("GET", "/", "", 200, "bye")
			}()
			<-waits
			if err := s.server.Config.Shutdown(t.Context()); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			<-answered
		})
	}
}
