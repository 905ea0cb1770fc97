package network

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	"github.com/valyala/fasthttp"
)

// hits counts on the loop, with no lock: handlers are tasks.
type hits map[string]int

// handler is a fasthttp handler of one connection: it awaits, with the connection's ctx.
func (h hits) handler(ctx context.Context) fasthttp.RequestHandler {
	return func(r *fasthttp.RequestCtx) {
		path := string(r.Path())
		h[path]++
		switch path {
		case "/slow":
			if err := asyncio.Sleep(ctx, 20*time.Millisecond); err != nil {
				r.Error(err.Error(), http.StatusServiceUnavailable)
				return
			}
			r.WriteString("slept")
		case "/echo":
			r.Write(r.PostBody())
		case "/stream":
			r.SetBodyStreamWriter(func(w *bufio.Writer) { fmt.Fprint(w, "in chunks") })
		default:
			r.Error("no such page", http.StatusNotFound)
		}
	}
}

// oneConnection is a client that uses its connection again and again. One that may have
// more dials ahead, and hangs up in the middle of a handshake that it did not need.
func oneConnection(cfg *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: cfg, MaxConnsPerHost: 1}}
}

// browse is a client of net/http: several requests at once, over connections that are
// used again, with bodies of all sizes, in chunks too.
func browse(cfg *tls.Config, url string) error {
	body := bytes.Repeat([]byte("0123456789"), 100_000)
	get := func(client *http.Client, method, path string, send io.Reader, status int, want string) error {
		request, err := http.NewRequest(method, url+path, send)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		got, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != status || string(got) != want {
			return fmt.Errorf("%s: %s, %d bytes, %v", path, response.Status, len(got), err)
		}
		return nil
	}
	var wg sync.WaitGroup
	failures := make(chan error, 10)
	for range cap(failures) {
		wg.Go(func() {
			client := oneConnection(cfg)
			defer client.CloseIdleConnections()
			for range 5 {
				for _, err := range []error{
					get(client, "GET", "/slow", nil, 200, "slept"),
					get(client, "POST", "/echo", bytes.NewReader(body), 200, string(body)),
					get(client, "POST", "/echo", io.MultiReader(bytes.NewReader(body[:100]), bytes.NewReader(body[100:5000])), 200, string(body[:5000])),
					get(client, "GET", "/stream", nil, 200, "in chunks"),
					get(client, "GET", "/nowhere", nil, 404, "no such page"),
				} {
					if err != nil {
						failures <- err
						return
					}
				}
			}
		})
	}
	wg.Wait()
	close(failures)
	return <-failures
}

// github.com/valyala/fasthttp as a server: ServeConn in the connection's task, HTTP/1.1
// with connections kept alive, handlers that await and share a map without a lock. The
// peer is the client of net/http.
func TestFasthttpServer(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		h := hits{}
		addr, end := testloop.Serve(ctx, t, func(ctx context.Context, conn *aionet.Conn) error {
			s := fasthttp.Server{Handler: h.handler(ctx)}
			return s.ServeConn(conn)
		})
		testloop.Elsewhere(ctx, t, func() error { return browse(nil, "http://"+addr) })
		end()
		if h["/slow"] != 50 || h["/echo"] != 100 || h["/nowhere"] != 50 {
			t.Errorf("hits: %v", h)
		}
	})
}

// The same over TLS: fasthttp takes a TLSConn for what it is.
func TestFasthttpServerOverTLS(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		h, secure := hits{}, 0
		handler := aionet.TLSHandler(testloop.ServerConfig(), func(ctx context.Context, conn *aionet.TLSConn) error {
			s := fasthttp.Server{Handler: func(r *fasthttp.RequestCtx) {
				if r.IsTLS() && r.TLSConnectionState().Version == tls.VersionTLS13 {
					secure++
				}
				h.handler(ctx)(r)
			}}
			return s.ServeConn(conn)
		})
		addr, end := testloop.Serve(ctx, t, handler)
		testloop.Elsewhere(ctx, t, func() error { return browse(testloop.ClientConfig(), "https://"+addr) })
		end()
		if h["/echo"] != 100 || secure != 250 {
			t.Errorf("hits: %v, %d of them by TLS", h, secure)
		}
	})
}

// pages is a server of net/http.
func pages(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, strings.Repeat(r.URL.Path, 10_000))
}

// fetch gets a page over a connection, with net/http's parser and a bufio.Reader.
func fetch(conn net.Conn, in *bufio.Reader, path string) (string, error) {
	request, err := http.NewRequest("GET", "http://example.com"+path, nil)
	if err != nil {
		return "", err
	}
	if err := request.Write(conn); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(in, request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

// fetchSome gets pages one after the other, and closes the connection.
func fetchSome(conn net.Conn) error {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, path := range []string{"/a", "/bc", "/def"} {
		body, err := fetch(conn, in, path)
		if err != nil || body != strings.Repeat(path, 10_000) {
			return fmt.Errorf("%s: %d bytes, %w", path, len(body), err)
		}
	}
	return nil
}

// crypto/tls as a client in two ways: a raw *tls.Conn over an aionet.Conn, which one
// task owns, and TLSClient. bufio and the parser of net/http run on top. Many tasks do
// it at once. The peer is the server of net/http.
func TestTLSClients(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		s := httptest.NewTLSServer(http.HandlerFunc(pages))
		defer s.Close()
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 20 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					return fetchSome(tls.Client(testloop.Dial(ctx, t, s.Listener.Addr().String()), testloop.ClientConfig()))
				})
				asyncio.Go(ctx, func(ctx context.Context) error {
					c, err := aionet.TLSClient(ctx, testloop.Dial(ctx, t, s.Listener.Addr().String()), testloop.ClientConfig())
					if err != nil {
						return err
					}
					return fetchSome(c)
				})
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// crypto/tls as a server in two ways: a raw *tls.Conn that the handler's task owns, and
// TLSHandler. The peer is the client of net/http over crypto/tls on package net.
func TestTLSServers(t *testing.T) {
	answer := func(conn net.Conn) error {
		in := bufio.NewReader(conn)
		for {
			request, err := http.ReadRequest(in)
			if err == io.EOF {
				return conn.Close()
			}
			if err != nil {
				return err
			}
			body := strings.Repeat(request.URL.Path, 10_000)
			if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
				return err
			}
		}
	}
	for name, handler := range map[string]func(ctx context.Context, conn *aionet.Conn) error{
		"raw": func(_ context.Context, conn *aionet.Conn) error {
			return answer(tls.Server(conn, testloop.ServerConfig()))
		},
		"TLSHandler": aionet.TLSHandler(testloop.ServerConfig(), func(_ context.Context, conn *aionet.TLSConn) error { return answer(conn) }),
	} {
		t.Run(name, func(t *testing.T) {
			testloop.Run(t, func(ctx context.Context) {
				addr, end := testloop.Serve(ctx, t, handler)
				testloop.Elsewhere(ctx, t, func() error {
					var wg sync.WaitGroup
					failures := make(chan error, 10)
					for range cap(failures) {
						wg.Go(func() {
							client := oneConnection(testloop.ClientConfig())
							defer client.CloseIdleConnections()
							for _, path := range []string{"/a", "/bc", "/def"} {
								response, err := client.Get("https://" + addr + path)
								if err != nil {
									failures <- err
									return
								}
								body, err := io.ReadAll(response.Body)
								response.Body.Close()
								if err != nil || string(body) != strings.Repeat(path, 10_000) {
									failures <- fmt.Errorf("%s: %d bytes, %w", path, len(body), err)
									return
								}
							}
						})
					}
					wg.Wait()
					close(failures)
					return <-failures
				})
				end()
			})
		})
	}
}
