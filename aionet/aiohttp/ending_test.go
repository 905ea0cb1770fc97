//go:build unix

package aiohttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// The guide's recipe for a graceful shutdown: the signal is caught inside Run, and Run ends
// after the http.Server has shut down. Every request under way is answered.
func TestEndingInOrder(t *testing.T) {
	_, stop := signal.NotifyContext(t.Context(), syscall.SIGTERM) // package os/signal keeps a goroutine
	stop()
	nothingLeft(t, 0)
	const n = 40
	loop := asyncio.NewLoop()
	begun := 0
	server := httptest.NewServer(aiohttp.Handler(loop, func(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
		if begun++; begun == n {
			syscall.Kill(syscall.Getpid(), syscall.SIGTERM)
		}
		if err := asyncio.Sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		_, err := io.WriteString(w, "done")
		return err
	}))
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var clients sync.WaitGroup
	err := loop.Run(t.Context(), func(ctx context.Context) error {
		interrupted, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
		defer stop()
		for range n {
			clients.Go(func() {
				res, err := (&http.Client{Transport: transport}).Get(server.URL)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				if text, err := io.ReadAll(res.Body); res.StatusCode != http.StatusOK || string(text) != "done" {
					t.Errorf("%s %q, %v", res.Status, text, err)
				}
			})
		}
		if _, _, err := asyncio.Recv(ctx, interrupted.Done()); err != nil {
			return err
		}
		stop()
		limited, cancel := asyncio.WithTimeout(ctx, guard)
		defer cancel()
		_, err := asyncio.ToThread(limited, func(ctx context.Context) (none struct{}, _ error) {
			return none, server.Config.Shutdown(ctx)
		})
		return err
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	clients.Wait()
}
