package network

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

// guard is how long a test waits for what must happen.
const guard = 2 * time.Minute

// onLoop runs body as the main task of a loop, and checks that nothing is left.
func onLoop(t *testing.T, body func(ctx context.Context)) {
	t.Helper()
	certificate() // which opens what the runtime keeps open
	before, files := goroutines(), descriptors()
	ctx, cancel := context.WithTimeout(context.Background(), guard)
	defer cancel()
	err := asyncio.Run(ctx, func(ctx context.Context) error {
		body(ctx)
		for range 10 { // those that are ending
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
	for limit := time.Now().Add(guard); ; <-tick.C { // goroutines of package net end a little later
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
		if before[number] == "" && !strings.Contains(stack, "fasthttp.updateServerDate") { // which the package starts once
			left = append(left, stack)
		}
	}
	return left
}

// descriptors counts those of the process where the system tells, else 0.
func descriptors() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// serve runs a server on the loop and returns its address, and a function that ends it
// in order. An error of a handler fails the test.
func serve(ctx context.Context, t *testing.T, handler func(ctx context.Context, conn *aionet.Conn) error) (addr string, end func()) {
	t.Helper()
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := asyncio.Go(ctx, func(ctx context.Context) error {
		return l.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
			if err := handler(ctx, conn); err != nil {
				t.Errorf("the handler of %s: %v", conn.RemoteAddr(), err)
			}
			return nil
		})
	}, asyncio.Name("server"))
	return l.Addr().String(), func() {
		t.Helper()
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if _, err := server.Await(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}

// dial connects to a peer.
func dial(ctx context.Context, t *testing.T, addr string) *aionet.Conn {
	t.Helper()
	c, err := aionet.Dial(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// elsewhere runs the peer's side in a goroutine of its own, with no loop.
func elsewhere(ctx context.Context, t *testing.T, peer func() error) {
	t.Helper()
	if _, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) { return struct{}{}, peer() }); err != nil {
		t.Errorf("the peer: %v", err)
	}
}

// certificate is one for 127.0.0.1 and example.com, with who trusts it.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	trust := x509.NewCertPool()
	trust.AddCert(s.Certificate())
	return s.TLS.Certificates[0], trust
})

func serverConfig() *tls.Config {
	cert, _ := certificate()
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

func clientConfig() *tls.Config {
	_, trust := certificate()
	return &tls.Config{RootCAs: trust, ServerName: "example.com"}
}
