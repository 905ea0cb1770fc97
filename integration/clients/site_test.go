package clients

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	"github.com/valyala/fasthttp"
)

// A site answers HTTP requests. hits counts them by path. Its tasks share hits without a lock.
type site struct {
	hits map[string]int
}

const hello = "hello, client"

// large is the answer to GET /large.
var large = bytes.Repeat([]byte("0123456789abcdef"), 1<<19)

// digest returns the answer to POST /digest: the length and the checksum of the body.
func digest(body []byte) string { return fmt.Sprintf("%d %x", len(body), sha256.Sum256(body)) }

func (s *site) answer(ctx context.Context, path string, body io.Reader) (reply []byte, status int, err error) {
	s.hits[path]++
	switch path {
	case "/hello":
		return []byte(hello), http.StatusOK, asyncio.Sleep(ctx, 0)
	case "/slow": // long enough for net/http to detect that the client has half-closed
		return []byte(hello), http.StatusOK, asyncio.Sleep(ctx, 50*time.Millisecond)
	case "/large":
		return large, http.StatusOK, nil
	case "/digest":
		sent, err := io.ReadAll(body)
		return []byte(digest(sent)), http.StatusOK, err
	}
	return []byte("no such page"), http.StatusNotFound, nil
}

// A server runs a site until end is called.
type server struct {
	name  string
	start func(ctx context.Context, t *testing.T, l *aionet.Listener, s *site, secure *tls.Config) (end func())
}

// servers are the ways in which the loop serves HTTP.
var servers = []server{
	{"fasthttp", serveFasthttp},
	{"aiohttp", serveAiohttp},
}

// serveFasthttp serves each connection in a task, with fasthttp. At Shutdown it closes idle
// connections at once, and the others after an answer.
func serveFasthttp(ctx context.Context, t *testing.T, l *aionet.Listener, s *site, secure *tls.Config) (end func()) {
	serve := func(ctx context.Context, conn net.Conn) error {
		draining := false
		asyncio.Go(ctx, func(ctx context.Context) error { // ends with the connection
			if _, _, err := asyncio.Recv(ctx, aionet.Draining(ctx)); err != nil {
				return err
			}
			draining = true
			return conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		})
		http := fasthttp.Server{MaxRequestBodySize: 64 << 20, Handler: func(r *fasthttp.RequestCtx) {
			reply, status, err := s.answer(ctx, string(r.Path()), bytes.NewReader(r.PostBody()))
			if err != nil {
				t.Errorf("%s: %v", r.Path(), err)
			}
			r.SetStatusCode(status)
			r.Write(reply)
			if draining {
				r.SetConnectionClose()
			}
		}}
		err := http.ServeConn(conn)
		if draining && errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		return err
	}
	if secure != nil {
		return testloop.ServeOn(ctx, t, l, aionet.TLSHandler(secure, func(ctx context.Context, conn *aionet.TLSConn) error {
			return serve(ctx, conn)
		}))
	}
	return testloop.ServeOn(ctx, t, l, func(ctx context.Context, conn *aionet.Conn) error { return serve(ctx, conn) })
}

// serveAiohttp serves the connections with net/http, and answers each request in a task.
func serveAiohttp(ctx context.Context, t *testing.T, l *aionet.Listener, s *site, secure *tls.Config) (end func()) {
	addr := l.Addr()
	if err := l.Close(); err != nil { // net/http needs a listener of package net
		t.Fatal(err)
	}
	front, err := net.Listen(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{TLSConfig: secure, Handler: aiohttp.Handler(asyncio.LoopOf(ctx), func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		reply, status, err := s.answer(ctx, r.URL.Path, r.Body)
		if err != nil {
			return err
		}
		w.WriteHeader(status)
		_, err = w.Write(reply)
		return err
	}, aiohttp.OnError(func(r *http.Request, err error) { t.Errorf("%s: %v", r.URL.Path, err) }))}
	ended := make(chan error, 1)
	go func() {
		if secure != nil {
			ended <- server.ServeTLS(front, "", "")
			return
		}
		ended <- server.Serve(front)
	}()
	return func() {
		testloop.Elsewhere(ctx, t, func() error { return server.Shutdown(ctx) })
		if err := <-ended; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	}
}

// onEach runs body for each server, at a free port of 127.0.0.1.
func onEach(t *testing.T, secure bool, body func(ctx context.Context, t *testing.T, addr string, s *site)) {
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			testloop.Run(t, func(ctx context.Context) {
				l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				var config *tls.Config
				if secure {
					config = testloop.ServerConfig()
				}
				s := &site{hits: map[string]int{}}
				end := server.start(ctx, t, l, s, config)
				defer end()
				body(ctx, t, l.Addr().String(), s)
			})
		})
	}
}
