package aiohttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// A server whose handlers share a map without a lock, and a client of it on the same loop.
func Example() {
	loop := asyncio.NewLoop()
	visits := map[string]int{}
	server := httptest.NewServer(aiohttp.Handler(loop, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		visits[r.URL.Path]++
		_, err := fmt.Fprintf(w, "visit %d of %s", visits[r.URL.Path], r.URL.Path)
		return err
	}))
	defer server.Close() // which would block the loop
	err := loop.Run(context.Background(), func(ctx context.Context) error {
		for _, path := range []string{"/a", "/b", "/a"} {
			res, err := aiohttp.Get(ctx, server.URL+path)
			if err != nil {
				return err
			}
			text, err := io.ReadAll(res.Body) // suspends the task, not the loop
			res.Body.Close()
			fmt.Println(string(text), err)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// visit 1 of /a <nil>
	// visit 1 of /b <nil>
	// visit 2 of /a <nil>
}

// withSite runs body beside a server that answers by fn, on one loop.
func withSite(fn aiohttp.HandlerFunc, body func(ctx context.Context, url string) error, opts ...aiohttp.Option) {
	loop := asyncio.NewLoop()
	server := httptest.NewServer(aiohttp.Handler(loop, fn, opts...))
	defer server.Close()
	err := loop.Run(context.Background(), func(ctx context.Context) error { return body(ctx, server.URL) })
	if err != nil {
		log.Fatal(err)
	}
}

// show prints an answer.
func show(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	fmt.Printf("%d %q\n", res.StatusCode, text)
	return err
}

// Server-sent events: what was written is sent when it is flushed.
func ExampleHandler() {
	loop := asyncio.NewLoop()
	server := httptest.NewServer(aiohttp.Handler(loop, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	}))
	defer server.Close()
	loop.Run(context.Background(), func(ctx context.Context) error {
		return show(aiohttp.Get(ctx, server.URL))
	})
	// Output: 200 "data: 0\n\ndata: 1\n\ndata: 2\n\n"
}

// A HandlerFunc has the ctx of its task, and returns what goes wrong.
func ExampleHandlerFunc() {
	var hello aiohttp.HandlerFunc = func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		fmt.Println("task:", asyncio.CurrentTask(ctx).Name())
		name, err := io.ReadAll(r.Body) // suspends the task while the client is slow
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "hello, %s", name)
		return err
	}
	withSite(hello, func(ctx context.Context, url string) error {
		req, err := http.NewRequest("POST", url+"/greet", strings.NewReader("Ada"))
		if err != nil {
			return err
		}
		return show(aiohttp.Do(ctx, nil, req))
	})
	// Output:
	// task: POST /greet
	// 200 "hello, Ada"
}

func ExampleOnError() {
	withSite(func(context.Context, http.ResponseWriter, *http.Request) error {
		return errors.New("the database is gone")
	}, func(ctx context.Context, url string) error {
		return show(aiohttp.Get(ctx, url+"/page"))
	}, aiohttp.OnError(func(r *http.Request, err error) { fmt.Println(r.URL.Path, "failed:", err) }))
	// Output:
	// /page failed: the database is gone
	// 500 "Internal Server Error\n"
}

func ExampleMaxBody() {
	withSite(func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
			return nil
		}
		return err
	}, func(ctx context.Context, url string) error {
		req, err := http.NewRequest("POST", url, strings.NewReader("a long story"))
		if err != nil {
			return err
		}
		return show(aiohttp.Do(ctx, nil, req))
	}, aiohttp.MaxBody(5))
	// Output: 413 "too large\n"
}

func ExampleOption() {
	options := []aiohttp.Option{aiohttp.MaxBody(1 << 20)}
	withSite(func(_ context.Context, w http.ResponseWriter, _ *http.Request) error {
		_, err := fmt.Fprint(w, "small")
		return err
	}, func(ctx context.Context, url string) error {
		return show(aiohttp.Get(ctx, url))
	}, options...)
	// Output: 200 "small"
}

// A client that hangs up while the handler is at work.
func ExampleCancelOnEOF() {
	var hangUp context.CancelFunc
	gone := make(chan bool, 1)
	withSite(func(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
		hangUp()
		err := asyncio.Sleep(ctx, time.Hour)
		gone <- errors.Is(context.Cause(ctx), aiohttp.ErrClientGone)
		return err
	}, func(ctx context.Context, url string) error {
		call, cancel := context.WithCancel(ctx)
		hangUp = cancel
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			return err
		}
		_, err = aiohttp.Do(call, http.DefaultClient, req)
		fmt.Println("the client:", err)
		told, _, err := asyncio.Recv(ctx, gone)
		fmt.Println("the handler was cancelled:", told)
		return err
	}, aiohttp.CancelOnEOF())
	// Output:
	// the client: context canceled
	// the handler was cancelled: true
}

// Do sends a request with any method.
func ExampleDo() {
	withSite(func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprintf(w, "%s %s", r.Method, r.URL.Path)
		return err
	}, func(ctx context.Context, url string) error {
		req, err := http.NewRequest("PUT", url+"/page", nil)
		if err != nil {
			return err
		}
		return show(aiohttp.Do(ctx, http.DefaultClient, req))
	})
	// Output: 200 "PUT /page"
}

// Two slow pages at the same time.
func ExampleGet() {
	fetch := func(ctx context.Context, url string) (string, error) {
		res, err := aiohttp.Get(ctx, url)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		return string(text), err
	}
	withSite(func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		fmt.Fprint(w, "page ", r.URL.Path)
		return asyncio.Sleep(ctx, 10*time.Millisecond)
	}, func(ctx context.Context, url string) error {
		pages, err := asyncio.Gather(ctx, asyncio.Coro(fetch, url+"/1"), asyncio.Coro(fetch, url+"/2"))
		fmt.Println(pages)
		return err
	})
	// Output: [page /1 page /2]
}
