package aionet_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// script is a Protocol made of functions; those that are nil do nothing. It keeps the
// order in which it was called.
type script struct {
	t     *aionet.Transport
	calls []string
	data  []byte
	err   error // ConnectionLost's
	over  asyncio.Event

	made   func(s *script)
	got    func(s *script, data []byte)
	eof    func(s *script) bool
	lost   func(s *script, err error)
	pause  func(s *script)
	resume func(s *script)
}

func (s *script) call(name string) { s.calls = append(s.calls, name) }

func (s *script) ConnectionMade(t *aionet.Transport) {
	s.t = t
	s.call("made")
	if s.made != nil {
		s.made(s)
	}
}

func (s *script) DataReceived(data []byte) {
	if k := len(s.calls); s.calls[k-1] != "data" {
		s.call("data")
	}
	if len(s.data) < 1<<20 {
		s.data = append(s.data, data...)
	}
	if s.got != nil {
		s.got(s, data)
	}
}

func (s *script) EOFReceived() bool {
	s.call("eof")
	return s.eof != nil && s.eof(s)
}

func (s *script) ConnectionLost(err error) {
	s.call("lost")
	s.err = err
	s.over.Set()
	if s.lost != nil {
		s.lost(s, err)
	}
}

func (s *script) PauseWriting() {
	s.call("pause")
	if s.pause != nil {
		s.pause(s)
	}
}

func (s *script) ResumeWriting() {
	s.call("resume")
	if s.resume != nil {
		s.resume(s)
	}
}

// story is the calls in order.
func (s *script) story() string { return strings.Join(s.calls, " ") }

// onWire runs body on a loop, and fails if a descriptor or a goroutine is left.
func onWire(t *testing.T, body func(ctx context.Context) error, opts ...asyncio.Option) {
	t.Helper()
	noLeaks(t)
	limited, cancel := context.WithTimeout(t.Context(), guard)
	defer cancel()
	if err := asyncio.Run(limited, body, opts...); err != nil {
		t.Error(err)
	}
}

// reports collects what a server reports.
type reports struct {
	remotes []net.Addr
	errs    []error
}

func (r *reports) option() aionet.Option {
	return aionet.OnError(func(remote net.Addr, err error) {
		r.remotes = append(r.remotes, remote)
		r.errs = append(r.errs, err)
	})
}

// served is a server of protocols under test.
type served struct {
	l    *aionet.Listener
	task *asyncio.Task[struct{}]
}

func serveProtocol(ctx context.Context, t *testing.T, factory func() aionet.Protocol, opts ...aionet.ListenOption) *served {
	t.Helper()
	l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", opts...)
	if err != nil {
		t.Fatal(err)
	}
	return &served{l, asyncio.Go(ctx, func(ctx context.Context) error { return l.ServeProtocol(ctx, factory) })}
}

// one serves s as the protocol of every connection, of which there is to be one.
func one(s *script) func() aionet.Protocol { return func() aionet.Protocol { return s } }

func (s *served) dial(ctx context.Context, t *testing.T) *aionet.Conn {
	t.Helper()
	c, err := aionet.Dial(ctx, s.l.Addr().Network(), s.l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stop shuts the server down; the connections must end by themselves.
func (s *served) stop(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := s.l.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if _, err := s.task.Await(ctx); err != nil {
		t.Errorf("ServeProtocol: %v", err)
	}
}

// writeUntilBlocked writes to c until a write would wait, and returns the number of bytes written.
// The peer does not read.
func writeUntilBlocked(t *testing.T, c *aionet.Conn) (total int) {
	t.Helper()
	chunk := make([]byte, 1<<20)
	for {
		c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := c.Write(chunk)
		total += n
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.SetWriteDeadline(time.Time{})
			return total
		case err != nil:
			t.Fatal(err)
		case total > 1<<30:
			t.Fatal("a gigabyte was taken: somebody reads")
		}
	}
}

// fill writes to the transport until something is buffered that the system has no
// room for.
func fill(t *aionet.Transport) (total int) {
	chunk := make([]byte, 64<<10)
	for t.WriteBufferSize() == 0 {
		n, err := t.Write(chunk)
		if total += n; err != nil {
			break
		}
	}
	return total
}

// expect fails unless what was called is the story.
func (s *script) expect(t *testing.T, story string) {
	t.Helper()
	if got := s.story(); got != story {
		t.Errorf("called: %s; want %s", got, story)
	}
}
