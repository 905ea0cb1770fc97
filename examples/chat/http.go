package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

//go:embed page.html
var page string

const (
	requestTime = 10 * time.Second // for a request to arrive
	requestSize = 16 << 10         // bytes of it
)

// handle is one connection: the page, or a member.
func (h *hub) handle(ctx context.Context, conn *aionet.Conn) error {
	conn.SetDeadline(time.Now().Add(requestTime))
	limited := &io.LimitedReader{R: conn, N: requestSize}
	in := bufio.NewReader(limited)
	request, err := http.ReadRequest(in)
	switch {
	case errors.Is(err, io.EOF):
		return nil // a browser that opened a connection in advance
	case err != nil:
		return errors.Join(err, answer(conn, http.StatusBadRequest, "text/plain", "this is no HTTP request\n"))
	}
	limited.N = 1<<63 - 1 // from here on frames have their own limit
	switch {
	case request.URL.Path == "/" && request.Method == http.MethodGet:
		return answer(conn, http.StatusOK, "text/html; charset=utf-8", page)
	case request.URL.Path != "/chat":
		return answer(conn, http.StatusNotFound, "text/plain", "there is only / and /chat\n")
	case h.closing:
		return answer(conn, http.StatusServiceUnavailable, "text/plain", "the server ends\n")
	}
	return h.chat(ctx, conn, in, request)
}

// chat makes a member of a connection, for as long as it lasts.
func (h *hub) chat(ctx context.Context, conn *aionet.Conn, in *bufio.Reader, request *http.Request) error {
	upgrade := ws.HTTPUpgrader{Timeout: requestTime}
	if _, _, _, err := upgrade.Upgrade(request, &hijacked{conn: conn, in: in, header: http.Header{}}); err != nil {
		return fmt.Errorf("upgrade: %w", err) // which it has answered
	}
	conn.SetDeadline(time.Time{})
	query := request.URL.Query()
	m := &member{
		hub: h, conn: conn, in: in, out: asyncio.NewQueue[[]byte](mostWaiting),
		name: strings.TrimSpace(query.Get("name")), room: strings.TrimSpace(query.Get("room")),
	}
	problem := checkName("the name", m.name)
	if problem == "" {
		problem = checkName("the room", m.room)
	}
	if problem == "" {
		problem = h.join(m)
	}
	if problem != "" {
		m.tell(event{Type: "error", Text: problem})
		m.leave(nil)
		return errors.Join(m.write(ctx), m.drain())
	}
	h.log.Info("joined", "name", m.name, "room", m.room, "remote", conn.RemoteAddr().String())
	defer func() {
		h.part(m)
		h.log.Info("left", "name", m.name, "room", m.room)
	}()
	return m.live(ctx)
}

// answer is the whole response to a request; the connection is closed after it.
func answer(w io.Writer, status int, contentType, body string) error {
	_, err := fmt.Fprintf(w, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), contentType, len(body), body)
	return err
}

// hijacked is the http.ResponseWriter that an upgrader takes the connection from.
type hijacked struct {
	conn   *aionet.Conn
	in     *bufio.Reader
	header http.Header
	status int
}

func (w *hijacked) Header() http.Header { return w.header }

func (w *hijacked) WriteHeader(status int) { w.status = status }

// Write is the upgrader's refusal.
func (w *hijacked) Write(body []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return len(body), answer(w.conn, w.status, "text/plain; charset=utf-8", string(body))
}

func (w *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.conn, bufio.NewReadWriter(w.in, bufio.NewWriter(w.conn)), nil
}
