package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

const address = "chat.test:80"

// site is a chat in virtual time, on a network in memory.
type site struct {
	t    *testing.T
	hub  *hub
	net  *asynciotest.Network
	end  context.CancelFunc // what Ctrl-C does
	done *asyncio.Task[struct{}]
}

// inChat runs body beside a chat with these flags. At its end the chat ends in order.
func inChat(t *testing.T, flags string, body func(ctx context.Context, s *site), opts ...asynciotest.NetworkOption) {
	t.Helper()
	network := asynciotest.NewNetwork(opts...)
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		o, err := parse(strings.Fields(flags), t.Output())
		if err != nil {
			t.Fatal(err)
		}
		listener, err := aionet.Listen(ctx, "tcp", address, aionet.MaxConns(o.most))
		if err != nil {
			t.Fatal(err)
		}
		interrupted, end := context.WithCancel(ctx)
		s := &site{t: t, hub: newHub(o, slog.New(slog.NewTextHandler(t.Output(), nil))), net: network, end: end}
		s.done = asyncio.Go(ctx, func(context.Context) error { return s.hub.serve(interrupted, listener) })
		body(ctx, s)
		end()
		if _, err := s.done.Await(ctx); err != nil {
			t.Errorf("the chat ended with %v", err)
		}
		if len(s.hub.rooms) != 0 || len(s.hub.members) != 0 {
			t.Errorf("left behind: %d rooms, %d members", len(s.hub.rooms), len(s.hub.members))
		}
	}, asynciotest.WithNetwork(network), asynciotest.AllowHandlerErrors(), asyncio.WithLogger(slog.New(slog.NewTextHandler(t.Output(), nil))))
}

// person is a client: another implementation of the protocol would not know more.
type person struct {
	t    *testing.T
	conn *aionet.Conn
	in   *bufio.Reader
}

func (s *site) dial(ctx context.Context) *person {
	s.t.Helper()
	conn, err := aionet.Dial(ctx, "tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	return &person{s.t, conn, bufio.NewReader(conn)}
}

// enter connects somebody, who then waits for the welcome.
func (s *site) enter(ctx context.Context, name, room string) (*person, event) {
	s.t.Helper()
	p := s.dial(ctx)
	target, _ := url.Parse("ws://" + address + "/chat?" + url.Values{"name": {name}, "room": {room}}.Encode())
	br, _, err := ws.Dialer{}.Upgrade(p.conn, target)
	if err != nil {
		s.t.Fatalf("%s enters %s: %v", name, room, err)
	}
	if br != nil {
		p.in = br
	}
	return p, p.hear()
}

func (p *person) say(text string) {
	p.t.Helper()
	if err := wsutil.WriteClientText(p.conn, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// next is the next frame of the server, and io.EOF after the last one.
func (p *person) next() (ws.OpCode, []byte, error) {
	header, err := ws.ReadHeader(p.in)
	if err != nil {
		return 0, nil, err
	}
	payload := make([]byte, header.Length)
	_, err = io.ReadFull(p.in, payload)
	return header.OpCode, payload, err
}

// hear is the next event; pings are answered on the way.
func (p *person) hear() (e event) {
	p.t.Helper()
	for {
		op, payload, err := p.next()
		switch {
		case err != nil:
			p.t.Fatalf("instead of an event: %v", err)
		case op == ws.OpPing:
			if err := wsutil.WriteClientMessage(p.conn, ws.OpPong, payload); err != nil {
				p.t.Fatal(err)
			}
			continue
		case op != ws.OpText:
			p.t.Fatalf("instead of an event: %v %q", op, payload)
		}
		if err := json.Unmarshal(payload, &e); err != nil {
			p.t.Fatal(err)
		}
		return e
	}
}

// expect hears an event and compares it.
func (p *person) expect(kind, from, text string) {
	p.t.Helper()
	if e := p.hear(); e.Type != kind || e.From != from || e.Text != text {
		p.t.Errorf("heard %s from %q: %q; want %s from %q: %q", e.Type, e.From, e.Text, kind, from, text)
	}
}

// dismissed hears a close frame with this code, and then the end.
func (p *person) dismissed(code ws.StatusCode) {
	p.t.Helper()
	for {
		op, payload, err := p.next()
		if err != nil {
			p.t.Fatalf("instead of a close frame: %v", err)
		}
		if op != ws.OpClose {
			continue
		}
		if got, reason := ws.ParseCloseFrameData(payload); got != code {
			p.t.Errorf("closed with %d %q, want %d", got, reason, code)
		}
		p.leave()
		if _, _, err := p.next(); !errors.Is(err, io.EOF) {
			p.t.Errorf("after the close frame: %v, want %v", err, io.EOF)
		}
		return
	}
}

// leave sends a close frame.
func (p *person) leave() {
	p.t.Helper()
	if err := wsutil.WriteClientMessage(p.conn, ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, "")); err != nil {
		p.t.Error(err)
	}
}
