package aiohttp_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// Bodies of all sizes are echoed, also many at once.
func TestEcho(t *testing.T) {
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(w, r.Body)
		return err
	})
	for _, n := range []int{0, 1, 2047, 2048, 32 << 10, 32<<10 + 1, 8 << 20} {
		body := pattern(n)
		for _, http2 := range []bool{false, true} {
			server, client := s.server, s.client
			if http2 {
				server = httptest.NewUnstartedServer(s.server.Config.Handler)
				server.EnableHTTP2 = true
				server.StartTLS()
				client = server.Client()
			}
			// The server of HTTP/1 reads no more once it answers, unless it is told to.
			res, err := client.Post(server.URL, "text/plain", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			res.Body.Close()
			if (n < 1<<20 || http2) && (err != nil || string(got) != body) {
				t.Errorf("%s, %d bytes: %d came back, error %v", res.Proto, n, len(got), err)
			}
			if http2 {
				client.CloseIdleConnections()
				server.Close()
			}
		}
	}
}

// What is written arrives when it is flushed: server-sent events.
func TestEvents(t *testing.T) {
	more := make(chan struct{})
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Trailer", "X-Count")
		for i := range 3 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			if r.URL.Path == "/flusher" {
				w.(http.Flusher).Flush()
			} else if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
			if _, _, err := asyncio.Recv(ctx, more); err != nil { // until the client has seen it
				return err
			}
		}
		w.Header().Set("X-Count", "3")
		w.WriteHeader(http.StatusTeapot) // too late
		return nil
	})
	for _, path := range []string{"/flusher", "/controller"} {
		res, err := s.client.Get(s.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(res.Body)
		for i := range 3 {
			line, err := lines.ReadString('\n')
			lines.ReadString('\n')
			if line != fmt.Sprintf("data: %d\n", i) {
				t.Errorf("%q, error %v", line, err)
			}
			more <- struct{}{}
		}
		rest, err := io.ReadAll(lines)
		res.Body.Close()
		if len(rest) > 0 || err != nil || res.StatusCode != 200 || res.Trailer.Get("X-Count") != "3" {
			t.Errorf("%d, at the end %q, error %v, trailer %v", res.StatusCode, rest, err, res.Trailer)
		}
	}
}

// A slow client suspends only its own task.
func TestWrite_SlowClient(t *testing.T) {
	const n = 16 << 20
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		if r.URL.Path == "/big" {
			_, err := io.WriteString(w, pattern(n))
			return err
		}
		fmt.Fprint(w, "quick")
		return nil
	})
	res, err := s.client.Get(s.server.URL + "/big")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s.expect("GET", "/", "", 200, "quick")
	}
	got, err := io.ReadAll(res.Body)
	res.Body.Close()
	if len(got) != n || string(got) != pattern(n) || err != nil {
		t.Errorf("%d bytes, error %v", len(got), err)
	}
}

// A slow body too; and a task that leaves a Read with its time-out loses nothing.
func TestRead_SlowBody(t *testing.T) {
	waiting := make(chan struct{})
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		if r.URL.Path != "/slow" {
			return nil
		}
		impatient := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return r.Body.Read(make([]byte, 10)) })
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		impatient.Cancel(nil)
		if n, err := impatient.Await(ctx); n != 0 || !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the cancelled Read: %d bytes, error %v", n, err)
		}
		close(waiting)
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s", body)
		return err
	})
	body, sending := io.Pipe()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if res, text, err := s.do("POST", "/slow", body); err != nil || text != "all that came" {
			t.Errorf("%v %q, error %v", res, text, err)
		}
	}()
	<-waiting
	s.expect("GET", "/", "", 200, "")
	fmt.Fprint(sending, "all ")
	s.expect("GET", "/", "", 200, "")
	fmt.Fprint(sending, "that came")
	sending.Close()
	<-answered
}

func TestMaxBody(t *testing.T) {
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		_, err := io.ReadAll(r.Body)
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			http.Error(w, fmt.Sprint("at most ", tooLarge.Limit), http.StatusRequestEntityTooLarge)
			return nil
		}
		return err
	}, aiohttp.MaxBody(1000))
	s.expect("POST", "/", pattern(1000), 200, "")
	if res := s.expect("POST", "/", pattern(1001), 413, "at most 1000\n"); !res.Close {
		t.Error("the connection was kept")
	}
}

func TestFilesAndRanges(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file.txt")
	content := pattern(300_000)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		switch r.URL.Path {
		case "/copy":
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			fmt.Fprint(w, "first ")
			_, err = io.Copy(w, f)
			return err
		case "/reader":
			_, err := io.Copy(w, strings.NewReader(content))
			return err
		}
		http.ServeFile(w, r, name)
		return nil
	})
	s.expect("GET", "/serve", "", 200, content)
	s.expect("GET", "/copy", "", 200, "first "+content)
	s.expect("GET", "/reader", "", 200, content)
	req, _ := http.NewRequest("GET", s.server.URL, nil)
	req.Header.Set("Range", "bytes=100-199")
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusPartialContent || string(part) != content[100:200] {
		t.Errorf("%d %q", res.StatusCode, part)
	}
}

// The header counts as it is when the status is said or implied; what comes later is for
// trailers. More than the announced length is refused. All of it as net/http does.
func TestHeadersAndTrailersMatchNetHTTP(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"a header too late": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusNotFound)
			w.Header().Set("X-Late", "1")
			fmt.Fprint(w, "hello")
			w.Header().Set("X-Late", "2")
		},
		"a header changed too late": func(w http.ResponseWriter) {
			h := w.Header()
			h.Set("X-A", "1")
			fmt.Fprint(w, "hello")
			h.Set("X-A", "2")
			h.Set("X-Late", "1")
		},
		"an announced trailer": func(w http.ResponseWriter) {
			w.Header().Set("Trailer", "X-Sum")
			fmt.Fprint(w, "hello")
			w.Header().Set("X-Sum", "5")
		},
		"a trailer without a body": func(w http.ResponseWriter) {
			w.Header().Set("Trailer", "X-Sum")
			w.WriteHeader(http.StatusOK)
			w.Header().Set("X-Sum", "0")
		},
		"a trailer after much": func(w http.ResponseWriter) {
			fmt.Fprint(w, pattern(100_000))
			w.Header().Set(http.TrailerPrefix+"X-Sum", "100000")
		},
		"a trailer by its prefix": func(w http.ResponseWriter) {
			w.Header().Set(http.TrailerPrefix+"X-Sum", "")
			fmt.Fprint(w, "hello")
			w.Header().Set(http.TrailerPrefix+"X-Sum", "5")
		},
		"more than announced": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "3")
			fmt.Fprint(w, "abc")
			if n, err := fmt.Fprint(w, "def"); n != 0 || err != http.ErrContentLength {
				t.Errorf("a Write of more than was announced: %d, %v", n, err)
			}
		},
		"an error's header": func(w http.ResponseWriter) {
			w.Header().Set("X-A", "1")
			http.Error(w, "not here", http.StatusNotFound)
			w.Header().Set("X-A", "2")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ context.Context, w http.ResponseWriter, _ *http.Request) error { answer(w); return nil })
			plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
			t.Cleanup(plain.Close)
			for _, method := range []string{"GET", "POST", "HEAD"} {
				got, want := said(t, method, s.server), said(t, method, plain)
				if got != want {
					t.Errorf("%s:\n%s\nnet/http says\n%s", method, got, want)
				}
			}
		})
	}
}

// said is all that a server answers but for the date.
func said(t *testing.T, method string, server *httptest.Server) string {
	t.Helper()
	req, err := http.NewRequest(method, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true // the server may, after an answer that went wrong
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	res.Header.Del("Date")
	return fmt.Sprintf("%s %v %d bytes, %.20q, %v, trailer %v", res.Status, res.Header, len(text), text, err, res.Trailer)
}

func TestStatusWithoutABody(t *testing.T) {
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		if r.Method == http.MethodHead {
			fmt.Fprint(w, "five!")
			return nil
		}
		w.WriteHeader(http.StatusNoContent)
		if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrBodyNotAllowed) {
			t.Errorf("a body of 204: error %v", err)
		}
		func() {
			defer func() {
				if v := fmt.Sprint(recover()); !strings.Contains(v, "WriteHeader(9999)") {
					t.Errorf("panic %v", v)
				}
			}()
			w.WriteHeader(9999)
		}()
		return nil
	})
	s.expect("GET", "/", "", 204, "")
	if res := s.expect("HEAD", "/", "", 200, ""); res.ContentLength != 5 {
		t.Errorf("length %d", res.ContentLength)
	}
}

// Early hints are sent at once.
func TestEarlyHints(t *testing.T) {
	hinted := make(chan struct{}, 1)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		_, _, err := asyncio.Recv(ctx, hinted) // the client has seen them
		fmt.Fprint(w, "page")
		return err
	})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		if code != http.StatusEarlyHints {
			t.Errorf("status %d", code)
		}
		hinted <- struct{}{}
		return nil
	}})
	req, _ := http.NewRequestWithContext(ctx, "GET", s.server.URL, nil)
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if string(text) != "page" {
		t.Errorf("%q", text)
	}
}

// In a goroutine the response and the body block, as they do with net/http.
func TestFromAThread(t *testing.T) {
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		_, err := asyncio.ToThread(ctx, func(context.Context) (int64, error) { return io.Copy(w, r.Body) })
		return err
	})
	body := pattern(20_000) // the server of HTTP/1 reads no more once it answers
	s.expect("POST", "/", body, 200, body)
}

// Misuse of a response returns an error.
func TestResponseMisused(t *testing.T) {
	later := make(chan error, 2)
	busy := make(chan error, 1)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		loop := asyncio.LoopOf(ctx)
		if r.URL.Path == "/after" {
			body := r.Body
			loop.CallSoon(func() {
				asyncio.Submit(loop, func(context.Context) (int, error) {
					_, err := w.Write([]byte("x"))
					later <- err
					_, err = body.Read(make([]byte, 1))
					later <- err
					return 0, nil
				})
			})
			return nil
		}
		sending := asyncio.Go(ctx, func(context.Context) error { return http.NewResponseController(w).Flush() })
		if err := asyncio.Sleep(ctx, 0); err != nil {
			return err
		}
		_, err := w.Write([]byte("y"))
		busy <- err
		_, err = sending.Await(ctx)
		return err
	})
	s.expect("POST", "/after", "body", 200, "")
	if err := <-later; err == nil || !strings.Contains(err.Error(), "has returned") {
		t.Errorf("Write after the handler: error %v", err)
	}
	if err := <-later; !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("Read after the handler: error %v", err)
	}
	s.expect("GET", "/busy", "", 200, "")
	if err := <-busy; err == nil || !strings.Contains(err.Error(), "another task is sending") {
		t.Errorf("Write during a Flush: error %v", err)
	}
}

// A connection that is taken over belongs to the loop; what the client sent ahead is there.
func TestHijack(t *testing.T) {
	served := make(chan struct{})
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		defer close(served)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, ok := conn.(*aionet.Conn); !ok {
			t.Errorf("the connection is a %T", conn)
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("Write: error %v", err)
		}
		fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				break
			}
			if err := asyncio.Sleep(ctx, 0); err != nil { // the request's end does not cancel it
				return err
			}
			fmt.Fprint(rw, "you said ", line)
			rw.Flush()
		}
		return nil
	})
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: there\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nahead\n")
	lines := bufio.NewScanner(conn)
	for _, want := range []string{"HTTP/1.1 101 Switching Protocols", "Upgrade: echo", "", "you said ahead"} {
		if lines.Scan(); lines.Text() != want {
			t.Errorf("%q, want %q", lines.Text(), want)
		}
	}
	fmt.Fprint(conn, "more\n")
	if lines.Scan(); lines.Text() != "you said more" {
		t.Errorf("%q", lines.Text())
	}
	conn.Close()
	<-served
}

func TestHijackRefused(t *testing.T) {
	s := begin(t, 0)
	s.server = httptest.NewTLSServer(aiohttp.Handler(s.loop, func(_ context.Context, w http.ResponseWriter, _ *http.Request) error {
		_, _, err := http.NewResponseController(w).Hijack()
		fmt.Fprint(w, err)
		return nil
	}))
	s.client = s.server.Client()
	_, text, err := s.do("GET", "/", nil)
	if err != nil || !strings.Contains(text, "the connection uses TLS") {
		t.Errorf("%q, error %v", text, err)
	}
}

// A recorder of package httptest will do as well.
func TestRecorder(t *testing.T) {
	s := serve(t, func(_ context.Context, w http.ResponseWriter, r *http.Request) error {
		_, err := io.Copy(w, r.Body)
		return err
	})
	for _, body := range []io.Reader{nil, bytes.NewReader([]byte("recorded"))} {
		rec := httptest.NewRecorder()
		s.server.Config.Handler.ServeHTTP(rec, httptest.NewRequest("POST", "/", body))
		if body != nil && rec.Body.String() != "recorded" || rec.Code != 200 {
			t.Errorf("%d %q", rec.Code, rec.Body)
		}
	}
}
