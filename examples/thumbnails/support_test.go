package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// actAsProgram is set for a copy of the test binary that is to be the program.
const actAsProgram = "THUMBNAILS_TEST_ARGS"

func TestMain(m *testing.M) {
	procpool.Main()
	if args, ok := os.LookupEnv(actAsProgram); ok {
		os.Exit(run(strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// A site is a running service and a client of it.
type site struct {
	t      *testing.T
	url    string
	client *http.Client
	s      *service
	stop   context.CancelFunc // what a signal does
	ended  chan error         // gets what Run returned
}

// open starts a service with these flags. work replaces the computation unless it
// is nil. At its end the test closes the service, which has to end in order.
func open(t *testing.T, flags string, work *asyncio.Func[Request, Thumbnail]) *site {
	t.Helper()
	site := start(t, flags, work)
	t.Cleanup(func() {
		if err := site.close(); err != nil {
			t.Errorf("the service ended with the error %v", err)
		}
	})
	return site
}

// start is open for tests that close the service themselves.
func start(t *testing.T, flags string, work *asyncio.Func[Request, Thumbnail]) *site {
	t.Helper()
	nothingLeft(t)
	o, err := parse(strings.Fields("-timeout 1h "+flags), t.Output()) // however slow the machine, unless the flags say more
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	r, err := newRemedy(o, log)
	if err != nil {
		t.Fatal(err)
	}
	if work != nil {
		r.work = work
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	site := &site{
		t: t, url: "http://" + listener.Addr().String(),
		// Connections that are kept but were never used hold up the end of a server for seconds.
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		s:      newService(o, r, log), ended: make(chan error, 1),
	}
	stops := make(chan context.CancelFunc, 1)
	go func() {
		site.ended <- asyncio.Run(context.Background(), func(ctx context.Context) error {
			ctx, stop := context.WithCancel(ctx)
			defer stop()
			stops <- stop
			return site.s.serve(ctx, listener)
		}, asyncio.WithLogger(log), asyncio.WithPanicsAsErrors())
	}()
	site.stop = <-stops
	t.Cleanup(site.stop)
	return site
}

// close ends the service as a signal does and returns its error.
func (s *site) close() error {
	s.stop()
	return <-s.ended
}

// An answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string {
	return fmt.Sprintf("%d %q", a.status, a.body[:min(len(a.body), 200)])
}

// do makes a request. It may be called from any goroutine.
func (s *site) do(ctx context.Context, method, path, contentType string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, text}, err
}

func (s *site) post(path string, body []byte) answer {
	s.t.Helper()
	a, err := s.do(context.Background(), http.MethodPost, path, "", body)
	if err != nil {
		s.t.Fatalf("POST %s: %v", path, err)
	}
	return a
}

func (s *site) expect(a answer, status int, text string) {
	s.t.Helper()
	if a.status != status || !strings.Contains(string(a.body), text) {
		s.t.Errorf("the answer is %v, want status %d and a text with %q", a, status, text)
	}
}

// get reads a JSON answer into v.
func (s *site) get(path string, v any) {
	s.t.Helper()
	a, err := s.do(context.Background(), http.MethodGet, path, "", nil)
	if err == nil {
		err = json.Unmarshal(a.body, v)
	}
	if err != nil || a.status != http.StatusOK {
		s.t.Fatalf("GET %s: %v, error %v", path, a, err)
	}
}

// background makes an upload that the test does not wait for yet.
func (s *site) background(ctx context.Context, path string, body []byte) (answered chan answer, failed chan error) {
	answered, failed = make(chan answer, 1), make(chan error, 1)
	go func() {
		a, err := s.do(ctx, http.MethodPost, path, "", body)
		if err != nil {
			failed <- err
			return
		}
		answered <- a
	}()
	return answered, failed
}

// nothingLeft fails the test if, at its end, there are more goroutines or open
// files than now. What only has to run to its end is given the time it needs.
func nothingLeft(t *testing.T) {
	t.Helper()
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { // from the first on the runtime keeps a poller
		l.Close()
	}
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); <-tick.C {
			if runtime.NumGoroutine() <= goroutines && openFiles() <= files {
				return
			}
		}
		stacks := make([]byte, 1<<16)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines, %d before; %d open files, %d before:\n%s", runtime.NumGoroutine(), goroutines, openFiles(), files, stacks)
	})
}

// openFiles counts descriptors where the system tells.
func openFiles() int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}
