package clients

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
)

// startProxy starts a proxy with a unix socket on each side, front and back.
func startProxy(t *testing.T, config string, name, debianPackage string, args ...string) (front, back string) {
	t.Helper()
	program := testloop.Program(t, name, debianPackage)
	dir := testloop.ShortDir(t)
	front, back = filepath.Join(dir, "front"), filepath.Join(dir, "back")
	path := filepath.Join(dir, "config")
	config = strings.NewReplacer("DIR", dir, "FRONT", front, "BACK", back).Replace(config)
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	testloop.Daemon(t, func() error {
		c, err := net.Dial("unix", front)
		if err != nil {
			return err
		}
		return c.Close()
	}, program, append(args, path)...)
	return front, back
}

// The proxies reuse their connections to the site.
var httpProxies = map[string]func(t *testing.T) (front, back string){
	"nginx": func(t *testing.T) (front, back string) {
		return startProxy(t, `
daemon off; master_process off; pid DIR/pid; error_log stderr;
events { worker_connections 256; }
http {
	access_log off; client_max_body_size 64m;
	client_body_temp_path DIR; proxy_temp_path DIR; fastcgi_temp_path DIR; uwsgi_temp_path DIR; scgi_temp_path DIR;
	upstream site { server unix:BACK; keepalive 8; }
	server {
		listen unix:FRONT;
		location / { proxy_pass http://site; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream off; }
	}
}`, "nginx", "nginx-light", "-c")
	},
	"haproxy": func(t *testing.T) (front, back string) {
		return startProxy(t, `
defaults
	mode http
	timeout connect 60s
	timeout client 60s
	timeout server 60s
	retries 0
	http-reuse always
frontend front
	bind unix@FRONT
	default_backend site
backend site
	server site unix@BACK
`, "haproxy", "haproxy", "-db", "-f")
	},
}

// TestBehindProxies tests a site behind nginx and haproxy: many requests on reused connections,
// large bodies in both directions, and a shutdown of the site.
func TestBehindProxies(t *testing.T) {
	curl, h2load := testloop.Program(t, "curl", "curl"), testloop.Program(t, "h2load", "nghttp2-client")
	upload := strings.Repeat("a line of the upload\n", 400_000)
	for name, start := range httpProxies {
		for _, server := range servers {
			t.Run(name+"/"+server.name, func(t *testing.T) {
				front, back := start(t)
				testloop.Run(t, func(ctx context.Context) {
					l, err := aionet.Listen(ctx, "unix", back)
					if err != nil {
						t.Fatal(err)
					}
					s := &site{hits: map[string]int{}}
					end := server.start(ctx, t, l, s, nil)
					defer end()
					report := testloop.Output(ctx, t, "", h2load, "--h1", "-n", "2000", "-c", "20", "--base-uri", "unix:"+front, "http://site/hello")
					if !strings.Contains(report, "2000 succeeded, 0 failed, 0 errored, 0 timeout") || s.hits["/hello"] != 2000 {
						t.Errorf("the site counts %d requests; h2load reports:\n%s", s.hits["/hello"], report)
					}
					get := testloop.Output(ctx, t, "", curl, "-sS", "--max-time", "60", "--unix-socket", front, "http://site/large")
					if get != string(large) {
						t.Errorf("GET /large: %d bytes, want %d", len(get), len(large))
					}
					post := testloop.Output(ctx, t, upload, curl, "-sS", "--max-time", "60", "--unix-socket", front, "-X", "POST", "-T", "-", "http://site/digest")
					if post != digest([]byte(upload)) {
						t.Errorf("POST /digest: %.200q", post)
					}
				})
			})
		}
	}
}

// TestBehindTCPProxy tests haproxy as a TCP proxy, which forwards the client's half-close and
// then the answer.
func TestBehindTCPProxy(t *testing.T) {
	nc := testloop.Program(t, "nc", "netcat-openbsd")
	front, back := startProxy(t, `
defaults
	mode tcp
	timeout connect 60s
	timeout client 60s
	timeout server 60s
frontend front
	bind unix@FRONT
	default_backend site
backend site
	server site unix@BACK
`, "haproxy", "haproxy", "-db", "-f")
	testloop.Run(t, func(ctx context.Context) {
		l, err := aionet.Listen(ctx, "unix", back)
		if err != nil {
			t.Fatal(err)
		}
		defer testloop.ServeOn(ctx, t, l, answerAll)()
		text := strings.Repeat("some lines that nc sends\n", 50_000)
		if got := testloop.Output(ctx, t, text, nc, "-N", "-U", front); got != strings.ToUpper(text) {
			t.Errorf("%d bytes, want %d", len(got), len(text))
		}
	})
	t.Run("aiohttp", func(t *testing.T) {
		testloop.Run(t, func(ctx context.Context) {
			l, err := aionet.Listen(ctx, "unix", back)
			if err != nil {
				t.Fatal(err)
			}
			s := &site{hits: map[string]int{}}
			defer serveAiohttp(ctx, t, l, s, nil)()
			got := testloop.Output(ctx, t, "GET /slow HTTP/1.0\r\n\r\n", nc, "-N", "-U", front)
			if !strings.Contains(got, " 200 OK\r\n") || !strings.HasSuffix(got, hello) {
				t.Errorf("the answer is %q", got)
			}
		})
	})
}
