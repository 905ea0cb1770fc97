package clients

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A room sends each message to all its members. When it has size members it sends "start".
type room struct {
	size    int
	members map[*aionet.Conn]*asyncio.Queue[wsutil.Message]
}

func (r *room) publish(m wsutil.Message) {
	for _, outgoing := range r.members {
		outgoing.TryPut(m)
	}
}

// serve reads a member's messages in the connection's task. A second task writes.
func (r *room) serve(ctx context.Context, conn *aionet.Conn) error {
	if _, err := ws.Upgrade(conn); err != nil {
		return err
	}
	outgoing := asyncio.NewQueue[wsutil.Message](0)
	r.members[conn] = outgoing
	defer delete(r.members, conn)
	writer := asyncio.Go(ctx, func(ctx context.Context) error {
		for m := range outgoing.All(ctx) {
			if err := wsutil.WriteServerMessage(conn, m.OpCode, m.Payload); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if len(r.members) == r.size {
		r.publish(wsutil.Message{OpCode: ws.OpText, Payload: []byte("start")})
	}
	for {
		header, err := ws.ReadHeader(conn)
		if err != nil {
			return err
		}
		frame := wsutil.Message{OpCode: header.OpCode, Payload: make([]byte, header.Length)}
		if _, err := io.ReadFull(conn, frame.Payload); err != nil {
			return err
		}
		ws.Cipher(frame.Payload, header.Mask, 0)
		switch header.OpCode {
		case ws.OpPing:
			frame.OpCode = ws.OpPong
			outgoing.TryPut(frame)
		case ws.OpClose:
			outgoing.TryPut(frame)
			outgoing.Shutdown(false)
			_, err := writer.Await(ctx)
			return err
		default:
			r.publish(frame)
		}
	}
}

// TestNodeWebSocket tests the client of package ws of Node.js: a room of clients, messages of
// all lengths, pings, and the closing handshake.
func TestNodeWebSocket(t *testing.T) {
	node, npm := testloop.Program(t, "node", "nodejs"), testloop.Program(t, "npm", "npm")
	dir := t.TempDir()
	if out, err := exec.Command(npm, "install", "--prefix", dir, "--no-audit", "--no-fund", "--no-save", "ws@8.18.3").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("npm install ws: %v\n%s", err, out)
		}
		t.Skipf("npm cannot install ws: %v", err)
	}
	script, err := os.ReadFile("node/room.js")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "room.js")
	if err := os.WriteFile(program, script, 0o600); err != nil {
		t.Fatal(err)
	}
	const clients = 8
	testloop.Run(t, func(ctx context.Context) {
		r := &room{size: clients, members: map[*aionet.Conn]*asyncio.Queue[wsutil.Message]{}}
		addr, end := testloop.Serve(ctx, t, r.serve)
		defer end()
		if got := testloop.Output(ctx, t, "", node, program, "ws://"+addr, strconv.Itoa(clients)); got != "all messages arrived\n" {
			t.Errorf("node printed %q", got)
		}
	})
}
