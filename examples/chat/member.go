package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

const (
	mostText    = 4 << 10 // bytes of a message
	mostName    = 32      // characters of a name, of a member or a room
	drainTime   = 5 * time.Second
	mostWaiting = 256 // frames that wait for a member; who reads slower is sent away
)

// member is somebody in a room: a connection with a reader and a writer.
type member struct {
	hub        *hub
	name, room string
	conn       *aionet.Conn
	in         *bufio.Reader
	out        *asyncio.Queue[[]byte] // frames
	leaving    bool                   // a close frame is the last one in out
}

var (
	goingAway  = ws.NewCloseFrameBody(ws.StatusGoingAway, "the server ends")
	tooLong    = ws.NewCloseFrameBody(ws.StatusMessageTooBig, fmt.Sprintf("a message has %d bytes at most", mostText))
	noText     = ws.NewCloseFrameBody(ws.StatusUnsupportedData, "messages are text")
	badMessage = ws.NewCloseFrameBody(ws.StatusProtocolError, "not a WebSocket message")
)

// frame is the event as a text frame.
func (e event) frame() []byte {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and times
	}
	return ws.MustCompileFrame(ws.NewTextFrame(text))
}

func (m *member) tell(e event) { m.send(e.frame()) }

// send queues a frame, without waiting.
func (m *member) send(frame []byte) {
	if m.leaving {
		return
	}
	if !m.out.TryPut(frame) {
		m.hub.log.Info("a member reads too slowly", "name", m.name, "room", m.room)
		m.leaving = true
		m.conn.Close() // there is no room for a goodbye either
	}
}

// leave queues a close frame: the last one.
func (m *member) leave(reason []byte) {
	m.send(ws.MustCompileFrame(ws.NewCloseFrame(reason)))
	m.leaving = true
}

// live is the time that a member is there.
func (m *member) live(ctx context.Context) error {
	err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		writer := asyncio.Go(ctx, m.write, asyncio.Name("writer of "+m.name))
		asyncio.Go(ctx, m.ping, asyncio.Name("pings of "+m.name))
		reader := asyncio.Go(ctx, m.read, asyncio.Name("reader of "+m.name))
		if _, err := reader.Await(ctx); err != nil {
			return err
		}
		m.leave(nil) // the answer to a close frame, unless one was sent
		if _, err := writer.Await(ctx); err != nil {
			return err
		}
		return errGone
	})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// errGone ends a member's task group: the conversation is over on both sides.
var errGone = errors.New("the member has left")

// write sends what is queued, until the close frame has gone out.
func (m *member) write(ctx context.Context) error {
	for {
		frame, err := m.out.Get(ctx)
		if err != nil {
			return err
		}
		m.conn.SetWriteDeadline(time.Now().Add(m.hub.silence))
		if _, err := m.conn.Write(frame); err != nil {
			return err
		}
		if m.leaving && m.out.Len() == 0 {
			m.conn.CloseWrite() // if it fails, the member has gone already
			return nil
		}
	}
}

// ping asks for a sign of life, three times in the silence that is allowed.
func (m *member) ping(ctx context.Context) error {
	for {
		if err := asyncio.Sleep(ctx, m.hub.silence/3); err != nil {
			return err
		}
		m.send(ws.CompiledPing)
	}
}

// read takes the member's messages until the member leaves.
func (m *member) read(ctx context.Context) error {
	frames := wsutil.Reader{Source: m.in, State: ws.StateServerSide, CheckUTF8: true, MaxFrameSize: mostText, OnIntermediate: m.control}
	for {
		// Hundreds of frames may be here at once. The writers get a turn between them: if
		// not, what waits for the others would be more than mostWaiting, however fast they read.
		err := asyncio.Sleep(ctx, 0)
		if err != nil {
			return err
		}
		m.conn.SetReadDeadline(time.Now().Add(m.hub.silence))
		header, err := frames.NextFrame()
		if err == nil && header.OpCode.IsControl() {
			if err = m.control(header, &frames); err == nil {
				continue
			}
		}
		var text []byte
		if err == nil {
			text, err = io.ReadAll(io.LimitReader(&frames, mostText+1))
		}
		var left wsutil.ClosedError
		switch {
		case errors.As(err, &left), errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, wsutil.ErrFrameTooLarge), len(text) > mostText:
			m.leave(tooLong)
			return m.drain()
		case errors.Is(err, wsutil.ErrInvalidUTF8), isProtocolError(err):
			m.leave(badMessage)
			return m.drain()
		case err != nil:
			return err
		case header.OpCode != ws.OpText:
			m.leave(noText)
			return m.drain()
		}
		m.hub.message(m, string(text))
	}
}

// drain discards what still comes from a member who was sent away: to close at once
// would be to reset the connection, and the member might not learn why.
func (m *member) drain() error {
	m.conn.SetReadDeadline(time.Now().Add(drainTime))
	_, err := io.Copy(io.Discard, m.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func isProtocolError(err error) bool {
	var p ws.ProtocolError
	return errors.As(err, &p) || errors.Is(err, ws.ErrHeaderLengthMSB)
}

// control answers pings; pongs are the sign of life that they are.
func (m *member) control(header ws.Header, r io.Reader) error {
	payload := make([]byte, header.Length) // 125 bytes at most
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	switch header.OpCode {
	case ws.OpPing:
		m.send(ws.MustCompileFrame(ws.NewPongFrame(payload)))
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(payload)
		return wsutil.ClosedError{Code: code, Reason: reason}
	}
	return nil
}

// checkName says what is wrong with a name, or nothing.
func checkName(what, name string) (problem string) {
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return what + " is missing"
	case n > mostName:
		return fmt.Sprintf("%s has %d characters; the limit is %d", what, n, mostName)
	case !utf8.ValidString(name):
		return what + " is not UTF-8"
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return fmt.Sprintf("%s contains the control character %U", what, r)
		}
	}
	return ""
}
