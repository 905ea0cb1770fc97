package aiohttp_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// Requests after which the client half-closes the connection, as nc -N does, and the number
// of answers to each.
var halfClosed = map[string]struct {
	text    string
	answers int
}{
	"HTTP/1.0":         {"GET / HTTP/1.0\r\n\r\n", 1},
	"HTTP/1.1":         {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1},
	"POST":             {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 1},
	"POST by HTTP/1.0": {"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 1},
	"chunks":           {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 1},
	"HEAD":             {"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 1},
	"a pipeline":       {strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 3), 3},
}

// ask sends a request, receives from each channel, half-closes the connection, and returns
// the status of each answer.
func ask(t *testing.T, server *httptest.Server, request string, until ...<-chan struct{}) (statuses []int) {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, request)
	for _, ch := range until {
		<-ch
	}
	c.(*net.TCPConn).CloseWrite()
	method, _, _ := strings.Cut(request, " ")
	for in := bufio.NewReader(c); ; {
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return statuses
		}
		io.Copy(io.Discard, res.Body)
		statuses = append(statuses, res.StatusCode)
	}
}

// A half-closing client is answered as by net/http, however long the handler runs.
func TestHalfClosingClientsAreAnswered(t *testing.T) {
	noticed := make(chan struct{}, 100) // for a pipeline it may get one value more than there are answers
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		if _, err := io.ReadAll(r.Body); err != nil {
			return err
		}
		if _, _, err := asyncio.Recv(ctx, noticed); err != nil {
			return err
		}
		_, err := io.WriteString(w, "hello")
		return err
	})
	inner := s.server.Config.Handler
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer context.AfterFunc(r.Context(), func() { noticed <- struct{}{} })()
		inner.ServeHTTP(w, r)
	})
	for name, c := range halfClosed {
		t.Run(name, func(t *testing.T) {
			for len(noticed) > 0 {
				<-noticed
			}
			if name == "a pipeline" { // net/http reads on only after each answer
				for range c.answers - 1 {
					noticed <- struct{}{}
				}
			}
			statuses := ask(t, s.server, c.text)
			if len(statuses) != c.answers {
				t.Fatalf("answers %v, want %d", statuses, c.answers)
			}
			for _, status := range statuses {
				if status != http.StatusOK {
					t.Errorf("answers %v, want 200", statuses)
				}
			}
		})
	}
}

// With CancelOnEOF a half-close cancels the task.
func TestCancelOnEOF(t *testing.T) {
	begun, causes := make(chan struct{}, 1), make(chan error, 1)
	s := serve(t, func(ctx context.Context, _ http.ResponseWriter, r *http.Request) error {
		begun <- struct{}{} // a task that is cancelled before its first step never runs
		err := asyncio.Sleep(ctx, time.Hour)
		causes <- context.Cause(ctx)
		return err
	}, aiohttp.CancelOnEOF())
	if statuses := ask(t, s.server, halfClosed["HTTP/1.1"].text, begun); len(statuses) != 1 || statuses[0] != http.StatusServiceUnavailable {
		t.Errorf("answers %v, want 503", statuses)
	}
	if cause := <-causes; cause != aiohttp.ErrClientGone {
		t.Errorf("cause %v, want ErrClientGone", cause)
	}
}

// A response that cannot be written cancels the task.
func TestFailedWriteCancelsTheTask(t *testing.T) {
	causes := make(chan error, 1)
	s := serve(t, func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		for {
			if _, err := io.WriteString(w, pattern(1<<16)); err != nil {
				break
			}
		}
		err := asyncio.Sleep(ctx, time.Hour)
		causes <- context.Cause(ctx)
		return err
	})
	c, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, halfClosed["HTTP/1.1"].text)
	io.ReadFull(c, make([]byte, 1<<10))
	c.Close() // with something unread: a reset
	if cause := <-causes; cause != aiohttp.ErrClientGone {
		t.Errorf("cause %v, want ErrClientGone", cause)
	}
}
