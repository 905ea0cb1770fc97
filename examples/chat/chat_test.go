package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestTwoTalk(t *testing.T) {
	inChat(t, "", func(ctx context.Context, s *site) {
		ada, welcome := s.enter(ctx, "Ada", "engines")
		if welcome.Type != "welcome" || !slices.Equal(welcome.Members, []string{"Ada"}) {
			t.Errorf("Ada was welcomed with %+v", welcome)
		}
		bob, welcome := s.enter(ctx, "Bob", "engines")
		if !slices.Equal(welcome.Members, []string{"Ada", "Bob"}) {
			t.Errorf("Bob was welcomed with %+v", welcome)
		}
		ada.expect("joined", "Bob", "")
		ada.say("hello <b>Bob</b>")
		for _, p := range []*person{ada, bob} {
			p.expect("message", "Ada", "hello <b>Bob</b>")
		}
		bob.leave()
		bob.dismissed(0)
		ada.expect("left", "Bob", "")
		ada.leave()
	})
}

// Whoever disappears is missed: the room is told, however it happened.
func TestTheOthersAreTold(t *testing.T) {
	for name, vanish := range map[string]func(ctx context.Context, s *site, p *person){
		"a close frame":       func(_ context.Context, _ *site, p *person) { p.leave() },
		"the end of the data": func(_ context.Context, _ *site, p *person) { p.conn.CloseWrite() },
		"a closed connection": func(_ context.Context, _ *site, p *person) { p.conn.Close() },
		"a reset":             func(_ context.Context, s *site, p *person) { s.net.Reset(p.conn) },
		"a cut line":          func(_ context.Context, s *site, p *person) { s.net.BlockConn(p.conn) }, // after the silence
		"garbage":             func(_ context.Context, _ *site, p *person) { p.conn.Write(bytes.Repeat([]byte{0xff}, 1<<20)) },
		"half a frame, and then nothing": func(_ context.Context, _ *site, p *person) {
			p.conn.Write(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("half"))))[:5])
		},
	} {
		t.Run(name, func(t *testing.T) {
			inChat(t, "-silence 30s", func(ctx context.Context, s *site) {
				ada, _ := s.enter(ctx, "Ada", "engines")
				bob, _ := s.enter(ctx, "Bob", "engines")
				ada.expect("joined", "Bob", "")
				vanish(ctx, s, bob)
				ada.expect("left", "Bob", "")
				bob.conn.Close()
				ada.leave()
			})
		})
	}
}

func TestRoomsAreApart(t *testing.T) {
	inChat(t, "", func(ctx context.Context, s *site) {
		var people []*person
		for i := range 20 {
			p, _ := s.enter(ctx, "Ada", fmt.Sprint("room ", i)) // the same name, in rooms of their own
			people = append(people, p)
		}
		for i, p := range people {
			p.say(fmt.Sprint("in room ", i))
		}
		for i, p := range people {
			p.expect("message", "Ada", fmt.Sprint("in room ", i))
			p.leave()
		}
	})
}

func TestANewcomerSeesWhatWasSaid(t *testing.T) {
	inChat(t, "", func(ctx context.Context, s *site) {
		ada, _ := s.enter(ctx, "Ada", "engines")
		for i := range mostHistory + 10 {
			ada.say(fmt.Sprint(i))
			ada.expect("message", "Ada", fmt.Sprint(i))
		}
		_, welcome := s.enter(ctx, "Bob", "engines")
		if n := len(welcome.History); n != mostHistory || welcome.History[0].Text != "10" {
			t.Errorf("the history has %d messages and begins with %+v, want %d from 10 on", n, welcome.History[0], mostHistory)
		}
	})
}

func TestRefusedEntries(t *testing.T) {
	for _, c := range []struct{ name, room, problem string }{
		{"", "engines", "the name is missing"},
		{"  ", "engines", "the name is missing"},
		{"Ada", "", "the room is missing"},
		{strings.Repeat("é", 33), "engines", "the name has 33 characters; the limit is 32"},
		{"A\nda", "engines", "the name contains the control character U+000A"},
		{"\xff", "engines", "the name is not UTF-8"},
		{"Taken", "engines", "somebody in this room has the name Taken already"},
	} {
		inChat(t, "", func(ctx context.Context, s *site) {
			taken, _ := s.enter(ctx, "Taken", "engines")
			p, e := s.enter(ctx, c.name, c.room)
			if e.Type != "error" || e.Text != c.problem {
				t.Errorf("%q into %q: %+v, want the error %q", c.name, c.room, e, c.problem)
			}
			p.dismissed(0)
			taken.leave()
		})
	}
}

func TestBadMessages(t *testing.T) {
	text := func(op ws.OpCode, payload []byte) []byte {
		return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, true, payload)))
	}
	for name, c := range map[string]struct {
		send []byte
		code ws.StatusCode
	}{
		"too long":      {text(ws.OpText, make([]byte, mostText+1)), ws.StatusMessageTooBig},
		"not text":      {text(ws.OpBinary, []byte("x")), ws.StatusUnsupportedData},
		"not UTF-8":     {text(ws.OpText, []byte("\xff\xff")), ws.StatusProtocolError},
		"not masked":    {ws.MustCompileFrame(ws.NewTextFrame([]byte("x"))), ws.StatusProtocolError},
		"reserved bits": {[]byte{0xf1, 0x80, 0, 0, 0, 0}, ws.StatusProtocolError},
		"a length < 0":  {[]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0}, ws.StatusProtocolError},
	} {
		t.Run(name, func(t *testing.T) {
			inChat(t, "", func(ctx context.Context, s *site) {
				p, _ := s.enter(ctx, "Ada", "engines")
				p.conn.Write(c.send)
				p.dismissed(c.code)
			})
		})
	}
}

// A message in pieces is one message, and a ping between them is answered.
func TestFragments(t *testing.T) {
	inChat(t, "", func(ctx context.Context, s *site) {
		p, _ := s.enter(ctx, "Ada", "engines")
		for _, f := range []ws.Frame{
			ws.NewFrame(ws.OpText, false, []byte("in two ")),
			ws.NewPingFrame([]byte("there?")),
			ws.NewFrame(ws.OpContinuation, true, []byte("pieces")),
		} {
			p.conn.Write(ws.MustCompileFrame(ws.MaskFrame(f)))
		}
		if op, payload, err := p.next(); op != ws.OpPong || string(payload) != "there?" || err != nil {
			t.Errorf("the ping was answered with %v %q, %v", op, payload, err)
		}
		p.expect("message", "Ada", "in two pieces")
		p.leave()
	}, asynciotest.Chunks(3), asynciotest.Seed(7))
}

// Who does not read does not hold the others up, and is sent away in the end.
func TestASlowReader(t *testing.T) {
	inChat(t, "", func(ctx context.Context, s *site) {
		slow, _ := s.enter(ctx, "Slow", "engines")
		ada, _ := s.enter(ctx, "Ada", "engines")
		const said = 3 * mostWaiting
		text := strings.Repeat("x", mostText)
		for range said {
			ada.say(text)
			if e := ada.hear(); e.Type == "left" {
				ada.expect("message", "Ada", text)
			}
		}
		if n := len(s.hub.members); n != 1 {
			t.Errorf("%d members, want Ada alone after %d unread messages", n, said)
		}
		slow.conn.Close()
		ada.leave()
	})
}

// Who says much at once, or asks whether the server is there, has nobody sent away who
// reads: neither the others nor itself.
func TestMuchAtOnce(t *testing.T) {
	const frames = 2 * mostWaiting
	for name, f := range map[string]ws.Frame{"messages": ws.NewTextFrame([]byte("x")), "pings": ws.NewPingFrame(nil)} {
		t.Run(name, func(t *testing.T) {
			inChat(t, "", func(ctx context.Context, s *site) {
				bob, _ := s.enter(ctx, "Bob", "engines")
				ada, _ := s.enter(ctx, "Ada", "engines")
				bob.expect("joined", "Ada", "")
				ada.conn.Write(bytes.Repeat(ws.MustCompileFrame(ws.MaskFrame(f)), frames))
				for range frames {
					if f.Header.OpCode == ws.OpText {
						ada.expect("message", "Ada", "x")
						bob.expect("message", "Ada", "x")
					} else if op, _, err := ada.next(); op != ws.OpPong || err != nil {
						t.Fatalf("a ping was answered with %v, %v", op, err)
					}
				}
				ada.leave()
				bob.leave()
			})
		})
	}
}

// A member who says nothing but answers pings stays; one who does not is given up.
func TestSilence(t *testing.T) {
	inChat(t, "-silence 30s", func(ctx context.Context, s *site) {
		ada, _ := s.enter(ctx, "Ada", "engines")
		mute, _ := s.enter(ctx, "Mute", "engines")
		ada.expect("joined", "Mute", "")
		began := time.Now()
		ada.expect("left", "Mute", "") // hearing answers pings
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("the silent member was given up after %v, want 30s", took)
		}
		mute.conn.Close()
		ada.leave()
	})
}

func TestAClientThatSaysNothing(t *testing.T) {
	inChat(t, "", func(ctx context.Context, s *site) {
		p := s.dial(ctx)
		began := time.Now()
		io.Copy(io.Discard, p.in)
		if took := time.Since(began); took != requestTime {
			t.Errorf("it was hung up on after %v, want %v", took, requestTime)
		}
	})
}

func TestHTTP(t *testing.T) {
	for _, c := range []struct {
		request string
		status  int
	}{
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", http.StatusOK},
		{"GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n", http.StatusNotFound},
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", http.StatusNotFound},
		{"GET /chat HTTP/1.1\r\nHost: x\r\n\r\n", http.StatusBadRequest},
		{"nonsense\r\n\r\n", http.StatusBadRequest},
		{strings.Repeat("x", 1<<20), 0}, // it is hung up on, with or without an answer
	} {
		inChat(t, "", func(ctx context.Context, s *site) {
			p := s.dial(ctx)
			p.conn.Write([]byte(c.request))
			if c.status == 0 {
				io.Copy(io.Discard, p.in)
				return
			}
			response, err := http.ReadResponse(p.in, nil)
			if err != nil {
				t.Fatalf("%.20q: %v", c.request, err)
			}
			if response.StatusCode != c.status {
				t.Errorf("%.20q: status %d, want %d", c.request, response.StatusCode, c.status)
			}
			if body, err := io.ReadAll(response.Body); err != nil || int64(len(body)) != response.ContentLength && response.ContentLength >= 0 {
				t.Errorf("%.20q: %d bytes of %d, %v", c.request, len(body), response.ContentLength, err)
			}
			p.conn.Close()
		})
	}
}

// At the end everybody is told, and who does not leave is not waited for.
func TestTheEnd(t *testing.T) {
	inChat(t, "-goodbye 3s", func(ctx context.Context, s *site) {
		ada, _ := s.enter(ctx, "Ada", "engines")
		deaf, _ := s.enter(ctx, "Deaf", "engines")
		ada.expect("joined", "Deaf", "")
		began := time.Now()
		s.end()
		ada.dismissed(ws.StatusGoingAway)
		if _, err := s.done.Await(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("the end took %v, want the 3s of -goodbye", took)
		}
		deaf.conn.Close()
	})
}

func TestMost(t *testing.T) {
	inChat(t, "-most 1", func(ctx context.Context, s *site) {
		ada, _ := s.enter(ctx, "Ada", "engines")
		second := asyncio.Go(ctx, func(ctx context.Context) error {
			p, _ := s.enter(ctx, "Bob", "engines")
			p.leave()
			return nil
		})
		asyncio.Sleep(ctx, time.Second)
		if len(s.hub.members) != 1 {
			t.Errorf("%d members at once, want 1", len(s.hub.members))
		}
		ada.leave()
		if _, err := second.Await(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestBadFlags(t *testing.T) {
	for _, args := range []string{"-most 0", "-silence 0s", "-goodbye -1s", "-nonsense"} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), strings.Fields(args), &out, &errs); status != 2 || errs.Len() == 0 {
			t.Errorf("%s: status %d, %q", args, status, errs.String())
		}
	}
}

func FuzzMember(f *testing.F) {
	f.Add([]byte("\x81\x80\x00\x00\x00\x00"))
	f.Add(ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("hello")))))
	f.Add(ws.MustCompileFrame(ws.MaskFrame(ws.NewPingFrame([]byte("?")))))
	f.Fuzz(func(t *testing.T, data []byte) {
		inChat(t, "-silence 10s", func(ctx context.Context, s *site) {
			p, _ := s.enter(ctx, "Fuzz", "engines")
			asyncio.Go(ctx, func(context.Context) error {
				p.conn.Write(data)
				return nil
			})
			for {
				if _, _, err := p.next(); err != nil {
					break
				}
			}
			p.conn.Close()
		})
	})
}
