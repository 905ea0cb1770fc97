package aiohttp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// A request is a task of the loop, with a name, and has the values of the server's context.
func TestRequestIsATask(t *testing.T) {
	type key struct{}
	s := begin(t, 0)
	inner := aiohttp.Handler(s.loop, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		if asyncio.LoopOf(ctx) != s.loop || asyncio.LoopOf(r.Context()) != s.loop || asyncio.CurrentTask(ctx).Name() != "GET /there" {
			t.Errorf("loop %v, task %v", asyncio.LoopOf(ctx), asyncio.CurrentTask(ctx))
		}
		if ctx.Value(key{}) != "a value" || ctx.Value(http.ServerContextKey) == nil || r.PathValue("where") != "there" {
			t.Errorf("values %v, %v, %q", ctx.Value(key{}), ctx.Value(http.ServerContextKey), r.PathValue("where"))
		}
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		derived, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if err := asyncio.Sleep(derived, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a time-out above the request's ctx: %v", err)
		}
		w.Header().Set("X-From", "the loop")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, "short and stout")
		return nil
	})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{where}", func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "a value")))
	})
	s.server = httptest.NewServer(mux)
	res := s.expect("GET", "/there", "", http.StatusTeapot, "short and stout")
	if res.Header.Get("X-From") != "the loop" || res.ContentLength != 15 {
		t.Errorf("header %v, length %d", res.Header, res.ContentLength)
	}
	// A whole tree of handlers may run on the loop.
	below := http.NewServeMux()
	below.HandleFunc("GET /{where}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.PathValue("where"), asyncio.LoopOf(r.Context()) == s.loop)
	})
	mux.Handle("GET /below/{x}", http.StripPrefix("/below", aiohttp.Handler(s.loop, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		below.ServeHTTP(w, r)
		return nil
	})))
	s.expect("GET", "/below/here", "", 200, "heretrue")
}

// Five hundred requests at once share a map without a lock; the race detector agrees.
func TestManyRequestsShareAMap(t *testing.T) {
	const n = 500
	counts := map[string]int{}
	arrived, all := 0, new(asyncio.Event)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		before := counts[r.URL.Path]
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		if arrived++; arrived == n {
			all.Set()
		}
		if err := all.Wait(ctx); err != nil { // all of them are here at once
			return err
		}
		counts[r.URL.Path]++
		fmt.Fprintf(w, "%d %s", before, body)
		return nil
	})
	var clients sync.WaitGroup
	for i := range n {
		clients.Go(func() {
			s.expect("POST", fmt.Sprint("/", i%7), fmt.Sprint("hello ", i), 200, fmt.Sprint("0 hello ", i))
		})
	}
	clients.Wait()
	sum := 0
	for _, c := range counts {
		sum += c
	}
	if sum != n || len(counts) != 7 {
		t.Errorf("%d requests counted, under %d paths", sum, len(counts))
	}
}

func TestErrorsAndPanics(t *testing.T) {
	var reported []error
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/error":
			fmt.Fprint(w, "half of")
			return errors.New("no luck")
		case "/answered":
			http.Error(w, "mine", http.StatusConflict)
			return errors.New("no luck either")
		case "/panic":
			w.WriteHeader(http.StatusOK)
			panic("oh no")
		case "/late":
			fmt.Fprint(w, "the begin")
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
			return errors.New("too late")
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/deadline":
			limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
			defer cancel()
			return asyncio.Sleep(limited, time.Hour)
		case "/cancelled":
			asyncio.CurrentTask(ctx).Cancel(errors.New("by somebody"))
			return asyncio.Sleep(ctx, time.Hour)
		}
		fmt.Fprint(w, "well")
		return nil
	}, aiohttp.OnError(func(r *http.Request, err error) { reported = append(reported, fmt.Errorf("%s: %w", r.URL.Path, err)) }))
	if res := s.expect("GET", "/error", "", 500, "Internal Server Error\n"); !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("header %v", res.Header)
	}
	s.expect("GET", "/answered", "", 409, "mine\n")
	s.expect("GET", "/panic", "", 500, "Internal Server Error\n")
	if _, text, err := s.do("GET", "/late", nil); !errors.Is(err, io.ErrUnexpectedEOF) || text != "the begin" {
		t.Errorf("/late: %q, error %v", text, err)
	}
	if _, _, err := s.do("GET", "/abort", nil); !errors.Is(err, io.EOF) {
		t.Errorf("/abort: error %v", err)
	}
	s.expect("GET", "/deadline", "", 500, "Internal Server Error\n")
	if res := s.expect("GET", "/cancelled", "", 503, "Service Unavailable\n"); res.Header.Get("Retry-After") == "" {
		t.Errorf("header %v", res.Header)
	}
	s.expect("GET", "/", "", 200, "well")
	want := []string{"/error: no luck", "/answered: no luck either", "/panic: ", "/late: too late", "/deadline: context deadline exceeded"}
	if len(reported) != len(want) {
		t.Fatalf("reported: %v", reported)
	}
	for i, err := range reported {
		if !strings.HasPrefix(err.Error(), want[i]) {
			t.Errorf("reported: %v, want %s", err, want[i])
		}
	}
	var p *asyncio.PanicError
	if !errors.As(reported[2], &p) || p.Value != "oh no" || !strings.Contains(string(p.Stack), "handler_test.go") {
		t.Errorf("the panic was reported as %v", reported[2])
	}
}

// Without OnError the errors are logged.
func TestErrorsAreLogged(t *testing.T) {
	s := serve(t, func(_ context.Context, _ http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/panic" {
			panic("oh no")
		}
		return errors.New("no luck")
	})
	s.expect("GET", "/error", "", 500, "Internal Server Error\n")
	s.expect("GET", "/panic", "", 500, "Internal Server Error\n")
	for _, text := range []string{"no luck", "path=/error", "method=GET", "remote=127.0.0.1", "oh no", "handler_test.go"} {
		if !strings.Contains(s.log.String(), text) {
			t.Errorf("the log does not say %q:\n%s", text, s.log)
		}
	}
}

// Repeated errors are logged up to the limit, and do not suppress other errors.
func TestRepeatedErrorsAreLimited(t *testing.T) {
	s := serve(t, func(_ context.Context, _ http.ResponseWriter, r *http.Request) error {
		switch r.URL.Path {
		case "/first":
			panic("the first")
		case "/second":
			panic("the second")
		case "/other":
			return errors.New("no such user")
		}
		return errors.New("no such page")
	})
	for range 20 {
		s.do("GET", "/page", nil)
	}
	for range 20 {
		s.do("GET", "/first", nil)
	}
	s.do("GET", "/second", nil)
	s.do("GET", "/other", nil)
	for text, want := range map[string]int{"no such page": 10, "panic: the first": 10, "panic: the second": 1, "no such user": 1} {
		if n := strings.Count(s.log.String(), "error=\""+text) + strings.Count(s.log.String(), "error=\"asyncio: "+text); n != want {
			t.Errorf("%d lines of %q, want %d", n, text, want)
		}
	}
}

// OnError that panics itself ends no loop, and hides no error.
func TestOnErrorThatPanics(t *testing.T) {
	s := serve(t, func(context.Context, http.ResponseWriter, *http.Request) error { return errors.New("no luck") },
		aiohttp.OnError(func(*http.Request, error) { panic("the report's own") }))
	for range 2 {
		s.expect("GET", "/error", "", 500, "Internal Server Error\n")
	}
	for _, text := range []string{"no luck", "the report's own", "handler_test.go"} {
		if strings.Count(s.log.String(), text) < 2 {
			t.Errorf("the log does not say %q twice:\n%s", text, s.log)
		}
	}
}

func TestWhenTheLoopHasEnded(t *testing.T) {
	s := serve(t, func(context.Context, http.ResponseWriter, *http.Request) error { return nil })
	s.expect("GET", "/", "", 200, "")
	s.stop()
	s.ended <- <-s.ended
	s.expect("GET", "/", "", 503, "Service Unavailable\n")
}

// At the end of the loop what is under way is cancelled and answered: in whatever call.
func TestLoopEndsDuringARequest(t *testing.T) {
	begun := make(chan string, 10)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		begun <- r.URL.Path
		switch r.URL.Path {
		case "/sleep":
			return asyncio.Sleep(ctx, time.Hour)
		case "/read":
			_, err := io.ReadAll(r.Body)
			return err
		case "/write": // to a client that does not read
			for {
				if _, err := io.WriteString(w, pattern(1<<16)); err != nil {
					return err
				}
			}
		case "/own":
			if err := asyncio.Sleep(ctx, time.Hour); err != nil {
				http.Error(w, "my last word", http.StatusGone)
				return err
			}
		}
		return nil
	})
	var clients sync.WaitGroup
	for path, want := range map[string]string{"/sleep": "503 Service Unavailable\n", "/own": "410 my last word\n"} {
		clients.Go(func() {
			res, text, err := s.do("GET", path, nil)
			if err != nil || fmt.Sprint(res.StatusCode, " ", text) != want {
				t.Errorf("%s: %v %q, error %v; want %s", path, res, text, err, want)
			}
		})
	}
	body, sending := io.Pipe()
	defer sending.Close()
	clients.Go(func() {
		res, text, err := s.do("POST", "/read", body)
		if err == nil && res.StatusCode != 503 {
			t.Errorf("/read: %d %q", res.StatusCode, text)
		}
	})
	res, err := s.client.Get(s.server.URL + "/write")
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		<-begun
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	s.ended <- nil
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("/write came to a regular end")
	}
	res.Body.Close()
	sending.CloseWithError(io.ErrClosedPipe)
	clients.Wait()
}

// A task that does not stop is left behind by its loop, and the client is answered still.
func TestTaskIgnoresCancellation(t *testing.T) {
	s := begin(t, 1, asyncio.WithShutdownTimeout(time.Millisecond))
	begun := make(chan struct{})
	var stubborn *asyncio.Future[int]
	s.server = httptest.NewServer(aiohttp.Handler(s.loop, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		stubborn = asyncio.NewFuture[int](ctx)
		close(begun)
		_, err := stubborn.Await(context.WithoutCancel(ctx))
		if !errors.Is(err, asyncio.ErrLoopClosed) {
			t.Errorf("it was resumed, with %v", err)
		}
		return err
	}))
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		s.expect("GET", "/", "", 503, "Service Unavailable\n")
	}()
	<-begun
	s.stop()
	if err := <-s.ended; err == nil || !strings.Contains(err.Error(), `"GET /"`) {
		t.Errorf("Run: %v, want an error that names the task", err)
	}
	s.ended <- nil
	<-answered
}

// A client that leaves cancels its task, wherever that is.
func TestClientDisconnects(t *testing.T) {
	begun, ended := make(chan string), make(chan error)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) (err error) {
		defer func() { ended <- errors.Join(err, context.Cause(ctx)) }() // the test waits for it
		if r.URL.Path != "/read" {
			if _, err := io.ReadAll(r.Body); err != nil {
				return err
			}
		}
		begun <- r.URL.Path
		switch r.URL.Path {
		case "/sleep":
			return asyncio.Sleep(ctx, time.Hour)
		case "/read":
			_, err := io.ReadAll(r.Body)
			return err
		}
		for { // write
			if _, err := io.WriteString(w, pattern(1<<16)); err != nil {
				return err
			}
		}
	}, aiohttp.OnError(func(*http.Request, error) {}), aiohttp.CancelOnEOF())
	for _, path := range []string{"/sleep", "/write", "/read"} {
		ctx, leave := context.WithCancel(t.Context())
		body, sending := io.Pipe() // from which nothing comes
		if path != "/read" {
			sending.Close()
		}
		left := make(chan struct{})
		go func() {
			defer close(left)
			req, _ := http.NewRequestWithContext(ctx, "POST", s.server.URL+path, body)
			res, err := s.client.Do(req)
			if err == nil {
				<-ctx.Done()
				res.Body.Close()
			}
		}()
		<-begun
		leave()
		sending.CloseWithError(io.ErrClosedPipe) // not the end of the body
		<-left
		if err := <-ended; err == nil || path == "/sleep" && !errors.Is(err, aiohttp.ErrClientGone) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

// Forms leave no files behind.
func TestFormsWithFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	big := pattern(100_000)
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseMultipartForm(1000); err != nil {
			return err
		}
		f, h, err := r.FormFile("picture")
		if err != nil {
			return err
		}
		defer f.Close()
		content, err := io.ReadAll(f)
		files, _ := filepath.Glob(filepath.Join(dir, "multipart-*"))
		fmt.Fprint(w, h.Filename, " ", string(content) == big, " ", len(files))
		return err
	})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("picture", "me.png")
	io.WriteString(part, big)
	form.Close()
	res, err := s.client.Post(s.server.URL, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if string(text) != "me.png true 1" {
		t.Errorf("%q", text)
	}
	eventually(t, "the files are gone", func() bool {
		files, err := os.ReadDir(dir)
		return err == nil && len(files) == 0
	})
}

func TestHandlerMisused(t *testing.T) {
	for name, misuse := range map[string]func(){
		"no loop": func() {
			aiohttp.Handler(nil, func(context.Context, http.ResponseWriter, *http.Request) error { return nil })
		},
		"no function":   func() { aiohttp.Handler(asyncio.NewLoop(), nil) },
		"negative body": func() { aiohttp.MaxBody(-1) },
	} {
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, "must") {
					t.Errorf("%s: panic %v", name, v)
				}
			}()
			misuse()
		}()
	}
}
