package network

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/valyala/fasthttp"
)

// Shutdown under load, with aionet.Draining. Each accepted request is answered, and keep-alive
// connections end.

func TestFasthttpServerEndsInOrder(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		accepted := 0
		addr, end := testloop.Serve(ctx, t, func(ctx context.Context, conn *aionet.Conn) error {
			idle := true
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, _, err := asyncio.Recv(ctx, aionet.Draining(ctx))
				if err == nil && idle {
					conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
				}
				return err
			})
			s := fasthttp.Server{Handler: func(r *fasthttp.RequestCtx) {
				idle = false
				defer func() { idle = true }()
				accepted++
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					r.Error(err.Error(), http.StatusServiceUnavailable)
					return
				}
				r.WriteString("answered")
				select {
				case <-aionet.Draining(ctx):
					r.SetConnectionClose()
				default:
				}
			}}
			s.ServeConn(conn) // it may return the error of a deadline that has passed
			return nil
		})
		var clients sync.WaitGroup
		var answered atomic.Int64
		for range 20 {
			clients.Go(func() {
				client := oneConnection(nil)
				defer client.CloseIdleConnections()
				for {
					res, err := client.Get("http://" + addr)
					if err != nil {
						return
					}
					text, err := io.ReadAll(res.Body)
					res.Body.Close()
					if res.StatusCode != http.StatusOK || string(text) != "answered" {
						t.Errorf("%s %q, %v", res.Status, text, err)
						return
					}
					answered.Add(1)
				}
			})
		}
		for accepted < 200 {
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		end()
		testloop.Elsewhere(ctx, t, func() error { clients.Wait(); return nil })
		if n := answered.Load(); n != int64(accepted) {
			t.Errorf("%d requests were accepted, %d answered", accepted, n)
		}
	})
}

// At Shutdown each member of a room receives a closing frame.
func TestWebSocketRoomEndsInOrder(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		const members = 20
		room := 0
		addr, end := testloop.Serve(ctx, t, func(ctx context.Context, conn *aionet.Conn) error {
			if _, err := ws.Upgrade(conn); err != nil {
				return err
			}
			room++
			asyncio.Go(ctx, func(ctx context.Context) error {
				if _, _, err := asyncio.Recv(ctx, aionet.Draining(ctx)); err != nil {
					return err
				}
				return wsutil.WriteServerMessage(conn, ws.OpClose, ws.NewCloseFrameBody(ws.StatusGoingAway, "bye"))
			})
			for {
				_, _, err := wsutil.ReadClientData(conn)
				var closed wsutil.ClosedError
				if errors.As(err, &closed) {
					return nil
				}
				if err != nil {
					return err
				}
			}
		})
		var clients sync.WaitGroup
		for range members {
			clients.Go(func() {
				transport := &http.Transport{}
				defer transport.CloseIdleConnections()
				c, _, err := websocket.Dial(context.Background(), "ws://"+addr, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
				if err != nil {
					t.Error(err)
					return
				}
				defer c.CloseNow()
				if _, _, err := c.Read(context.Background()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("the member reads %v", err)
				}
			})
		}
		for room < members {
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		end()
		testloop.Elsewhere(ctx, t, func() error { clients.Wait(); return nil })
	})
}
