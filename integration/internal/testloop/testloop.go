// Package testloop runs the tests of the integration module on an event loop. It starts servers
// and their peers, and checks that no task, goroutine or descriptor is left.
package testloop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Guard is the time after which a test that waits fails.
const Guard = 2 * time.Minute

// Run runs body as the main task of a loop. At the end it checks that no task, goroutine or
// descriptor is left.
func Run(t *testing.T, body func(ctx context.Context)) {
	t.Helper()
	certificate() // opens the descriptors that the runtime keeps open
	before, files := goroutines(), descriptors()
	ctx, cancel := context.WithTimeout(context.Background(), Guard)
	defer cancel()
	err := asyncio.Run(ctx, func(ctx context.Context) error {
		body(ctx)
		for range 10 { // tasks may be ending
			asyncio.Sleep(ctx, 0)
		}
		for _, task := range asyncio.LoopOf(ctx).Tasks() {
			if task.Name() != "main" {
				t.Errorf("task %q is left", task.Name())
			}
		}
		return ctx.Err()
	})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(Guard); ; <-tick.C { // goroutines of package net end a little later
		left := newGoroutines(before)
		switch open := descriptors(); {
		case len(left) == 0 && open <= files:
			return
		case time.Now().After(limit):
			t.Fatalf("%d descriptors before, %d after; goroutines are left:\n%s", files, open, strings.Join(left, "\n\n"))
		}
	}
}

func goroutines() map[string]string {
	buf := make([]byte, 4<<20)
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if f := strings.Fields(stack); len(f) > 1 {
			all[f[1]] = stack
		}
	}
	return all
}

func newGoroutines(before map[string]string) (left []string) {
	for number, stack := range goroutines() {
		if before[number] == "" && !strings.Contains(stack, "fasthttp.updateServerDate") { // fasthttp starts that goroutine once
			left = append(left, stack)
		}
	}
	return left
}

// descriptors returns the number of open descriptors, or 0 if the system does not list them.
func descriptors() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// Serve listens at a free port of 127.0.0.1 and calls ServeOn.
func Serve(ctx context.Context, t *testing.T, handler Handler) (addr string, end func()) {
	t.Helper()
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), ServeOn(ctx, t, l, handler)
}

// A Handler serves one connection.
type Handler = func(ctx context.Context, conn *aionet.Conn) error

// ServeOn starts a task that serves the listener's connections. It returns a function that
// shuts the listener down. An error of a handler fails the test.
func ServeOn(ctx context.Context, t *testing.T, l *aionet.Listener, handler Handler) (end func()) {
	server := asyncio.Go(ctx, func(ctx context.Context) error {
		return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
			if err := handler(ctx, conn); err != nil {
				t.Errorf("the handler of %s: %v", conn.RemoteAddr(), err)
			}
			return nil
		})
	}, asyncio.Name("server"))
	return func() {
		t.Helper()
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if _, err := server.Await(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// Dial connects to a peer.
func Dial(ctx context.Context, t *testing.T, addr string) *aionet.Conn {
	t.Helper()
	c, err := aionet.Dial(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Elsewhere runs the peer's side in a thread, without the loop, and awaits its end.
func Elsewhere(ctx context.Context, t *testing.T, peer func() error) {
	t.Helper()
	if _, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) { return struct{}{}, peer() }); err != nil {
		t.Errorf("the peer: %v", err)
	}
}

// certificate returns a certificate for 127.0.0.1 and example.com, and the pool that trusts it.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	trust := x509.NewCertPool()
	trust.AddCert(s.Certificate())
	return s.TLS.Certificates[0], trust
})

// ServerConfig returns the TLS configuration of a server on 127.0.0.1.
func ServerConfig() *tls.Config {
	cert, _ := certificate()
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

// ClientConfig returns the TLS configuration of a client that trusts that server.
func ClientConfig() *tls.Config {
	_, trust := certificate()
	return &tls.Config{RootCAs: trust, ServerName: "example.com"}
}
