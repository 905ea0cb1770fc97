package aiohttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// onLoop runs body on a loop beside a real server, and checks that nothing is left.
func onLoop(t *testing.T, answer http.HandlerFunc, body func(ctx context.Context, url string) error) {
	t.Helper()
	nothingLeft(t, 0)
	server := httptest.NewServer(answer)
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	if err := asyncio.Run(ctx, func(ctx context.Context) error { return body(ctx, server.URL) }); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestGet(t *testing.T) {
	big := pattern(1 << 20)
	onLoop(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, big) }, func(ctx context.Context, url string) error {
		res, err := aiohttp.Get(ctx, url)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(res.Body)
		if string(text) != big || res.StatusCode != 200 {
			t.Errorf("%d, %d bytes", res.StatusCode, len(text))
		}
		if err := errors.Join(res.Body.Close(), res.Body.Close()); err != nil {
			return err
		}
		if _, err := res.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("Read after Close: error %v", err)
		}
		return err
	})
}

// Many calls of a slow service take as long as one; all of them share a map.
func TestManyCallsAtOnce(t *testing.T) {
	const n = 300
	arrived := make(chan struct{}, n)
	all := make(chan struct{})
	onLoop(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-all // the responses wait until all requests have arrived
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, body)
	}, func(ctx context.Context, url string) error {
		go func() {
			for range n {
				<-arrived
			}
			close(all)
		}()
		answers := map[int]string{}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for i := range n {
				asyncio.Go(ctx, func(ctx context.Context) error {
					req, err := http.NewRequestWithContext(ctx, "PUT", url, strings.NewReader(fmt.Sprint(i)))
					if err != nil {
						return err
					}
					res, err := aiohttp.Do(ctx, nil, req)
					if err != nil {
						return err
					}
					defer res.Body.Close()
					text, err := io.ReadAll(res.Body)
					answers[i] = string(text)
					return err
				})
			}
			return nil
		})
		for i := range n {
			if answers[i] != fmt.Sprint("PUT ", i) {
				t.Errorf("%d: %q", i, answers[i])
			}
		}
		return err
	})
}

// A time-out, or a cancellation, ends the call and the request, before the answer and in it.
func TestCallsAreCancelled(t *testing.T) {
	var begun, ended atomic.Int32
	onLoop(t, func(w http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		if r.URL.Path == "/body" {
			fmt.Fprint(w, "the begin")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done() // the client's doing
		ended.Add(1)
	}, func(ctx context.Context, url string) error {
		limited, cancel := asyncio.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		if _, err := aiohttp.Get(limited, url); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Get: error %v", err)
		}

		other, end := context.WithCancel(context.Background())
		defer end()
		req, err := http.NewRequestWithContext(other, "GET", url, nil)
		if err != nil {
			return err
		}
		asyncio.LoopOf(ctx).CallLater(time.Millisecond, end)
		if _, err := aiohttp.Do(ctx, nil, req); !errors.Is(err, context.Canceled) {
			t.Errorf("the request's own context: error %v", err)
		}

		started := asyncio.NewFuture[io.ReadCloser](ctx)
		task := asyncio.Go(ctx, func(ctx context.Context) error {
			res, err := aiohttp.Get(ctx, url+"/body")
			if err != nil {
				return err
			}
			defer res.Body.Close()
			begin := make([]byte, 9)
			if _, err := io.ReadFull(res.Body, begin); err != nil || string(begin) != "the begin" {
				t.Errorf("%q, error %v", begin, err)
			}
			started.SetResult(res.Body)
			_, err = io.ReadAll(res.Body)
			return err
		})
		if _, err := started.Await(ctx); err != nil {
			return err
		}
		task.Cancel(nil)
		if _, err := task.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("in the body: error %v", err)
		}

		// The body ends with the ctx of the call, for any reader.
		own, cancel := context.WithCancel(ctx)
		defer cancel()
		res, err := aiohttp.Get(own, url+"/body")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		begin := make([]byte, 9)
		if _, err := io.ReadFull(res.Body, begin); err != nil {
			return err
		}
		cancel()
		if text, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) || len(text) > 0 {
			t.Errorf("after the end of the call's ctx: %q, error %v", text, err)
		}
		return nil
	})
	// The server was closed, which waits for all requests: the clients have ended them.
	if begun.Load() < 2 || begun.Load() != ended.Load() {
		t.Errorf("%d requests began, and %d ended", begun.Load(), ended.Load())
	}
}

func TestCallsThatFail(t *testing.T) {
	onLoop(t, func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, func(ctx context.Context, url string) error {
		if _, err := aiohttp.Get(ctx, url); !errors.Is(err, io.EOF) {
			t.Errorf("cut off: error %v", err)
		}
		if _, err := aiohttp.Get(ctx, "no url"); err == nil {
			t.Error("no url: no error")
		}
		if _, err := aiohttp.Get(ctx, ":"); err == nil {
			t.Error("a bad url: no error")
		}
		if _, err := aiohttp.Do(ctx, nil, nil); err == nil {
			t.Error("nil request: no error")
		}
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := aiohttp.Get(cancelled, url); err != context.Canceled {
			t.Errorf("cancelled before: error %v", err)
		}
		return nil
	})
	if _, err := aiohttp.Get(t.Context(), "http://localhost"); !errors.Is(err, asyncio.ErrNoLoop) {
		t.Errorf("off the loop: error %v", err)
	}
}
