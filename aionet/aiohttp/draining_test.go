package aiohttp_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Shutdown of the http.Server: a handler sees it and ends its answer, and a connection
// that is idle, kept alive, ends at once.
func TestShutdownOfTheServer(t *testing.T) {
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
	s.expect("GET", "/", "", 200, "bye") // whose connection is idle from now on
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
