package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// tally counts messages by size, on the loop, with no lock.
type tally map[int]int

// echo is the server's side of a connection, in one task. Pings are answered, and the
// closing handshake is done, in ReadClientData.
func (n tally) echo(_ context.Context, conn *aionet.Conn) error {
	if _, err := ws.Upgrade(conn); err != nil {
		return err
	}
	for {
		message, op, err := wsutil.ReadClientData(conn)
		var closed wsutil.ClosedError
		if errors.As(err, &closed) && closed.Code == ws.StatusNormalClosure {
			return nil
		}
		if err != nil {
			return err
		}
		n[len(message)]++
		if err := wsutil.WriteServerMessage(conn, op, message); err != nil {
			return err
		}
	}
}

// github.com/gobwas/ws as a server: each connection is a task, all share a map without a
// lock. The peer is the client of github.com/coder/websocket, on net/http: messages of
// several sizes, pings, and the closing handshake.
func TestWebSocketServer(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		n := tally{}
		addr, end := testloop.Serve(ctx, t, n.echo)
		testloop.Elsewhere(ctx, t, func() error {
			var wg sync.WaitGroup
			failures := make(chan error, 10)
			for range cap(failures) {
				wg.Go(func() { failures <- talk("ws://" + addr) })
			}
			wg.Wait()
			close(failures)
			var all error
			for err := range failures {
				all = errors.Join(all, err)
			}
			return all
		})
		end()
		for _, size := range sizes {
			if n[size] != 10 {
				t.Errorf("%d messages of %d bytes, want 10", n[size], size)
			}
		}
	})
}

var sizes = []int{0, 1, 125, 126, 70_000, 1 << 20}

func talk(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), testloop.Guard)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return err
	}
	defer c.CloseNow()
	c.SetReadLimit(-1)
	for _, size := range sizes {
		message := bytes.Repeat([]byte{byte(size)}, size)
		if err := c.Write(ctx, websocket.MessageBinary, message); err != nil {
			return err
		}
		if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, message) {
			return fmt.Errorf("%d bytes came back as %d: %w", size, len(got), err)
		}
	}
	reading := c.CloseRead(ctx) // for the answer to the ping
	if err := c.Ping(ctx); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	err = c.Close(websocket.StatusNormalClosure, "")
	<-reading.Done()
	return err
}

// github.com/gobwas/ws as a client, by its Dialer, over TCP and over TLS: many tasks at
// once. The peer is the server of github.com/coder/websocket, on net/http.
func TestWebSocketClient(t *testing.T) {
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"echo"}})
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(-1)
		for {
			kind, message, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	})
	for name, secure := range map[string]bool{"tcp": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			testloop.Run(t, func(ctx context.Context) {
				s, scheme := httptest.NewUnstartedServer(echo), "ws://"
				if s.Start(); secure {
					s.Close()
					s, scheme = httptest.NewTLSServer(echo), "wss://"
				}
				defer s.Close()
				dialer := ws.Dialer{
					Protocols: []string{"echo"},
					NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
						conn, err := aionet.Dial(ctx, network, addr)
						if err != nil || !secure {
							return conn, err
						}
						return aionet.TLSClient(ctx, conn, testloop.ClientConfig())
					},
					// The dialler hands the connection of NetDial to this for wss.
					TLSClient: func(conn net.Conn, _ string) net.Conn { return conn },
				}
				err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
					for range 8 {
						asyncio.Go(ctx, func(ctx context.Context) error {
							return converse(ctx, dialer, scheme+s.Listener.Addr().String())
						})
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func converse(ctx context.Context, dialer ws.Dialer, url string) error {
	conn, _, handshake, err := dialer.Dial(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close()
	if handshake.Protocol != "echo" {
		return fmt.Errorf("the protocol is %q", handshake.Protocol)
	}
	for _, size := range sizes {
		message := bytes.Repeat([]byte{byte(size)}, size)
		// A message of a megabyte is more than the system keeps: the echo begins to
		// come while it is sent, so another task reads.
		reader := asyncio.CreateTask(ctx, func(context.Context) ([]byte, error) {
			got, _, err := wsutil.ReadServerData(conn)
			return got, err
		})
		if err := wsutil.WriteClientBinary(conn, message); err != nil {
			return err
		}
		if got, err := reader.Await(ctx); err != nil || !bytes.Equal(got, message) {
			return fmt.Errorf("%d bytes came back as %d: %w", size, len(got), err)
		}
	}
	if err := ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))); err != nil {
		return err
	}
	answer, err := ws.ReadHeader(conn)
	if err != nil || answer.OpCode != ws.OpClose {
		return fmt.Errorf("want the answer to the closing frame, got %v: %w", answer, err)
	}
	if _, err := io.CopyN(io.Discard, conn, answer.Length); err != nil {
		return err
	}
	if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
		return fmt.Errorf("want the end: %w", err)
	}
	return nil
}
