package aiohttp_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// guard is how long a test waits for what must happen.
const guard = 2 * time.Minute

// A site is a real server in front of a loop.
type site struct {
	t      *testing.T
	loop   *asyncio.Loop
	server *httptest.Server
	client *http.Client
	stop   context.CancelFunc
	ended  chan error // what Run returned
	log    *lockedBuffer
}

// serve starts a server whose requests are answered by fn on a loop. At the end of the
// test nothing may be left of it.
func serve(t *testing.T, fn aiohttp.HandlerFunc, opts ...aiohttp.Option) *site {
	t.Helper()
	s := begin(t, 0, asyncio.WithShutdownTimeout(guard))
	s.server = httptest.NewServer(aiohttp.Handler(s.loop, fn, opts...))
	return s
}

// begin starts the loop, which will abandon so many tasks.
func begin(t *testing.T, abandoned int, opts ...asyncio.Option) *site {
	t.Helper()
	nothingLeft(t, abandoned)
	s := &site{t: t, ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}, Timeout: guard}, log: &lockedBuffer{}}
	s.loop = asyncio.NewLoop(append(opts, asyncio.WithLogger(slog.New(slog.NewTextHandler(s.log, nil))))...)
	var ctx context.Context
	ctx, s.stop = context.WithCancel(t.Context())
	go func() {
		s.ended <- s.loop.Run(ctx, func(ctx context.Context) error {
			asyncio.Recv(ctx, make(chan struct{}))
			return nil
		})
	}()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		s.server.Close()
		s.stop()
		if err := <-s.ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		s.ended <- nil
	})
	return s
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// do makes a request and returns the answer, whose body has been read.
func (s *site) do(method, path string, body io.Reader) (*http.Response, string, error) {
	req, err := http.NewRequest(method, s.server.URL+path, body)
	if err != nil {
		return nil, "", err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// expect makes a request and compares the answer.
func (s *site) expect(method, path, body string, status int, want string) *http.Response {
	s.t.Helper()
	res, text, err := s.do(method, path, strings.NewReader(body))
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return nil
	}
	if res.StatusCode != status || text != want {
		s.t.Errorf("%s %s: %d %.100q, want %d %.100q", method, path, res.StatusCode, text, status, want)
	}
	return res
}

// nothingLeft fails the test if at its end there are goroutines or descriptors that were
// not there before, but for those of so many tasks that a loop abandons.
func nothingLeft(t *testing.T, abandoned int) {
	t.Helper()
	httptest.NewServer(nil).Close() // the runtime keeps a poller from the first on
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		if !eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines+abandoned }) {
			stacks := make([]byte, 1<<16)
			t.Logf("%s", stacks[:runtime.Stack(stacks, true)])
		}
		eventually(t, "no descriptor is left", func() bool { return openFiles() <= files })
	})
}

func eventually(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(guard); !holds(); <-tick.C {
		if time.Now().After(limit) {
			t.Errorf("waited in vain until %s", what)
			return false
		}
	}
	return true
}

// openFiles counts descriptors where the system tells.
func openFiles() int {
	names, _ := os.ReadDir("/proc/self/fd")
	return len(names)
}

// pattern is n bytes that are not all the same.
func pattern(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + i*7%26)
	}
	return string(b)
}
