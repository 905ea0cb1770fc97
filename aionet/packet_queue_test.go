//go:build unix

package aionet_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Tasks that send datagrams by one socket queue in the order of their calls.

// clog fills the receive buffer of a peer. It returns a function that sends to the peer, its
// socket near, the peer far, and the number of datagrams in the buffer.
func clog(ctx context.Context, t *testing.T, dialled bool) (send func(text string) error, near net.Conn, far *aionet.PacketConn, held int) {
	t.Helper()
	dir := t.TempDir()
	far = listenPacket(ctx, t, "unixgram", filepath.Join(dir, "far"))
	if dialled {
		c := dial(ctx, t, far.LocalAddr())
		send, near = func(text string) error { _, err := c.Write([]byte(text)); return err }, c
	} else {
		p := listenPacket(ctx, t, "unixgram", filepath.Join(dir, "near"))
		send = func(text string) error { _, err := p.WriteTo([]byte(text), far.LocalAddr()); return err }
		near = packetSide{p}
	}
	for _, size := range []int{4000, 400, 40, 1} { // until there is no room
		for {
			near.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			if err := send(strings.Repeat("x", size)); err != nil {
				wantTimeout(t, "a write without room", err)
				break
			}
			held++
		}
	}
	near.SetWriteDeadline(time.Time{})
	return send, near, far, held
}

// packetSide is a PacketConn as a net.Conn. Only Close and the deadlines work.
type packetSide struct{ *aionet.PacketConn }

func (packetSide) Read([]byte) (int, error)  { panic("not used") }
func (packetSide) Write([]byte) (int, error) { panic("not used") }
func (packetSide) RemoteAddr() net.Addr      { return nil }

// drain reads held+n datagrams and returns those of the test.
func drain(t *testing.T, far *aionet.PacketConn, held, n int) (got []string) {
	t.Helper()
	p := make([]byte, 5000)
	for range held + n {
		k, _, err := far.ReadFrom(p)
		if err != nil {
			t.Fatal(err)
		}
		if p[0] != 'x' {
			got = append(got, string(p[:k]))
		}
	}
	return got
}

func eachClogged(t *testing.T, body func(ctx context.Context, t *testing.T, send func(text string) error, near net.Conn, far *aionet.PacketConn, held int)) {
	for name, dialled := range map[string]bool{"WriteTo": false, "Write": true} {
		t.Run(name, func(t *testing.T) {
			onEachNetwork(t, func(ctx context.Context, t *testing.T) {
				send, near, far, held := clog(ctx, t, dialled)
				body(ctx, t, send, near, far, held)
				near.Close()
				shut(t, far)
			})
		})
	}
}

func senders(ctx context.Context, t *testing.T, send func(string) error, n int) (tasks []*asyncio.Task[struct{}]) {
	t.Helper()
	for i := range n {
		tasks = append(tasks, asyncio.Go(ctx, func(context.Context) error { return send(fmt.Sprint(i)) }))
		turns(ctx, t, 2)
	}
	return tasks
}

func TestSendersOfDatagramsQueue(t *testing.T) {
	eachClogged(t, func(ctx context.Context, t *testing.T, send func(string) error, _ net.Conn, far *aionet.PacketConn, held int) {
		tasks := senders(ctx, t, send, 5)
		outside := asyncio.Go(ctx, func(ctx context.Context) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return 0, send("outside") })
			return err
		})
		got := drain(t, far, held, 6)
		if order := strings.Join(got, " "); order != "0 1 2 3 4 outside" {
			t.Errorf("the datagrams came as %s", order)
		}
		for i, task := range append(tasks, outside) {
			if _, err := task.Await(ctx); err != nil {
				t.Errorf("sender %d: %v", i, err)
			}
		}
		if err := send("after"); err != nil {
			t.Error(err)
		}
	})
}

func TestQueuedSender_Cancelled(t *testing.T) {
	eachClogged(t, func(ctx context.Context, t *testing.T, send func(string) error, near net.Conn, far *aionet.PacketConn, held int) {
		tasks := senders(ctx, t, send, 6)
		for _, i := range []int{0, 2, 3} { // the sender that waits for room, and two in the queue
			tasks[i].Cancel(nil)
			tasks[i].Await(ctx)
			wantErr(t, "a cancelled sender", tasks[i].Err(), context.Canceled)
		}
		if got := strings.Join(drain(t, far, held, 3), " "); got != "1 4 5" {
			t.Errorf("the datagrams came as %s, want 1 4 5", got)
		}
		for _, i := range []int{1, 4, 5} {
			if _, err := tasks[i].Await(ctx); err != nil {
				t.Errorf("sender %d: %v", i, err)
			}
		}
	})
}

func TestQueuedSender_Deadline(t *testing.T) {
	eachClogged(t, func(ctx context.Context, t *testing.T, send func(string) error, near net.Conn, far *aionet.PacketConn, held int) {
		tasks := senders(ctx, t, send, 3)
		near.SetWriteDeadline(time.Now().Add(time.Hour)) // wakes the senders, which keep their order
		turns(ctx, t, 4)
		late := senders(ctx, t, send, 1)
		near.SetWriteDeadline(time.Now().Add(-time.Second))
		for _, task := range append(tasks, late...) {
			_, err := task.Await(ctx)
			wantErr(t, "a sender after the deadline", err, os.ErrDeadlineExceeded)
		}
		near.SetWriteDeadline(time.Time{})
		again := senders(ctx, t, send, 3)
		if got := strings.Join(drain(t, far, held, 3), " "); got != "0 1 2" {
			t.Errorf("the datagrams came as %s, want 0 1 2", got)
		}
		for _, task := range again {
			if _, err := task.Await(ctx); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestQueuedSender_Close(t *testing.T) {
	eachClogged(t, func(ctx context.Context, t *testing.T, send func(string) error, near net.Conn, _ *aionet.PacketConn, _ int) {
		tasks := senders(ctx, t, send, 4)
		shut(t, near)
		for _, task := range tasks {
			_, err := task.Await(ctx)
			wantErr(t, "a sender after Close", err, net.ErrClosed)
		}
		wantErr(t, "a Write after Close", send("late"), net.ErrClosed)
	})
}
