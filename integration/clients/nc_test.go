package clients

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
)

// answerAll reads until the client has half-closed the connection, and answers with the same
// text in upper case.
func answerAll(_ context.Context, conn *aionet.Conn) error {
	all, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	_, err = io.WriteString(conn, strings.ToUpper(string(all)))
	return err
}

// TestNetcatHalfClose tests nc -N, which half-closes the connection after its input, and then
// reads the answer.
func TestNetcatHalfClose(t *testing.T) {
	nc := testloop.Program(t, "nc", "netcat-openbsd")
	text := strings.Repeat("some lines that nc sends\n", 50_000)
	want := strings.ToUpper(text)
	t.Run("tcp", func(t *testing.T) {
		testloop.Run(t, func(ctx context.Context) {
			addr, end := testloop.Serve(ctx, t, answerAll)
			defer end()
			host, port, _ := strings.Cut(addr, ":")
			if got := testloop.Output(ctx, t, text, nc, "-N", host, port); got != want {
				t.Errorf("%d bytes, want %d", len(got), len(want))
			}
		})
	})
	t.Run("unix", func(t *testing.T) {
		path := filepath.Join(testloop.ShortDir(t), "socket")
		testloop.Run(t, func(ctx context.Context) {
			l, err := aionet.Listen(ctx, "unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer testloop.ServeOn(ctx, t, l, answerAll)()
			if got := testloop.Output(ctx, t, text, nc, "-N", "-U", path); got != want {
				t.Errorf("%d bytes, want %d", len(got), len(want))
			}
		})
	})
}

// TestNetcatHTTP tests HTTP requests of a client that half-closes the connection. Each request
// is answered.
func TestNetcatHTTP(t *testing.T) {
	nc := testloop.Program(t, "nc", "netcat-openbsd")
	onEach(t, false, func(ctx context.Context, t *testing.T, addr string, s *site) {
		host, port, _ := strings.Cut(addr, ":")
		for _, c := range []struct {
			name, request string
			answers       int
			want          string
		}{
			{"HTTP/1.0", "GET /hello HTTP/1.0\r\n\r\n", 1, hello},
			{"HTTP/1.1", "GET /hello HTTP/1.1\r\nHost: here\r\n\r\n", 1, hello},
			{"a slow answer", "GET /slow HTTP/1.1\r\nHost: here\r\n\r\n", 1, hello},
			{"POST", "POST /digest HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody", 1, digest([]byte("body"))},
			{"chunks", "POST /digest HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 1, digest([]byte("body"))},
			{"a pipeline", strings.Repeat("GET /hello HTTP/1.1\r\nHost: here\r\n\r\n", 20), 20, hello},
		} {
			got := testloop.Output(ctx, t, c.request, nc, "-N", host, port)
			if strings.Count(got, " 200 OK\r\n") != c.answers || strings.Count(got, c.want) != c.answers {
				t.Errorf("%s: want %d answers with 200 and %q, got:\n%.2000s", c.name, c.answers, c.want, got)
			}
		}
	})
}
