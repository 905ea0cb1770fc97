//go:build linux && !asyncio_portable

package memnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A scene runs with the system's sockets and in memory. Its observations must be equal.
type scene struct {
	t    *testing.T
	seen []string
	dir  string
	made int
}

func (s *scene) see(format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = said(err)
		} else if a == nil {
			args[i] = "nil"
		}
	}
	s.seen = append(s.seen, fmt.Sprintf(format, args...))
}

// said describes an error: its wrappers and its errno.
func said(err error) string {
	var op *net.OpError
	var call *os.SyscallError
	var errno syscall.Errno
	var b strings.Builder
	if errors.As(err, &op) {
		fmt.Fprintf(&b, "%s %s addr=%t timeout=%t: ", op.Op, op.Net, op.Addr != nil, op.Timeout())
	}
	if errors.As(err, &call) {
		fmt.Fprintf(&b, "%s: ", call.Syscall)
	}
	switch {
	case errors.As(err, &errno):
		fmt.Fprintf(&b, "errno %q", errno.Error())
	default:
		for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded, aionet.ErrConnBusy} {
			if errors.Is(err, known) {
				b.WriteString(known.Error())
				return b.String()
			}
		}
		fmt.Fprintf(&b, "%T", errors.Unwrap(err))
	}
	return b.String()
}

// address returns an address without a listener.
func (s *scene) address(network string) string {
	s.made++
	switch network {
	case "unix", "unixpacket", "unixgram":
		return filepath.Join(s.dir, fmt.Sprint(s.made))
	}
	return "127.0.0.1:0"
}

func (s *scene) listen(ctx context.Context, network string) *aionet.Listener {
	l, err := aionet.Listen(ctx, network, s.address(network))
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

// connect returns the two sides of a connection.
func (s *scene) connect(ctx context.Context, network string) (client, server *aionet.Conn) {
	l := s.listen(ctx, network)
	defer l.Close()
	client, err := aionet.Dial(ctx, network, l.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	if server, err = l.Accept(ctx); err != nil {
		s.t.Fatal(err)
	}
	return client, server
}

func (s *scene) packets(ctx context.Context, network string) *aionet.PacketConn {
	p, err := aionet.ListenPacket(ctx, network, s.address(network))
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// must fails the test if err is not nil. It is for calls whose result is not observed.
func (s *scene) must(n int, err error) int {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// readAll reads k bytes.
func (s *scene) readAll(c net.Conn, k int) string {
	b := make([]byte, k)
	n, err := io.ReadFull(c, b)
	if err != nil {
		return fmt.Sprintf("%q and then %s", b[:n], said(err))
	}
	return string(b)
}

// read reads once.
func (s *scene) read(who string, c net.Conn) {
	n, err := c.Read(make([]byte, 64))
	s.see("%s reads %d: %v", who, n, err)
}

// write writes once.
func (s *scene) write(who string, c net.Conn) {
	n, err := c.Write([]byte("x"))
	s.see("%s writes %d: %v", who, n, err)
}

// writeUntil writes until a write fails because the peer's answer has arrived.
func (s *scene) writeUntil(ctx context.Context, who string, c net.Conn) {
	for ctx.Err() == nil {
		if _, err := c.Write([]byte("x")); err != nil {
			s.see("%s can write no more: %v", who, err)
			return
		}
		asyncio.Sleep(ctx, time.Millisecond)
	}
	s.see("%s can write and write", who)
}

// play runs a scene and returns the observations.
func play(t *testing.T, scene_ func(ctx context.Context, s *scene), opts ...asyncio.Option) []string {
	t.Helper()
	dir, err := os.MkdirTemp("", "scene") // shorter than t.TempDir: the names of unix sockets are short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s := &scene{t: t, dir: dir}
	quiet := asyncio.WithLogger(slog.New(slog.DiscardHandler)) // the race detector makes some steps long
	err = asyncio.Run(t.Context(), func(ctx context.Context) error {
		ctx, cancel := asyncio.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
		scene_(ctx, s)
		s.see("in time: %v", ctx.Err())
		return nil
	}, append(opts, quiet)...)
	s.see("the loop ends: %v", err)
	return s.seen
}

func TestMatchesSystemSockets(t *testing.T) {
	for _, sc := range scenes {
		networks := []string{"tcp", "unix"}
		if sc.networks != "" {
			networks = strings.Fields(sc.networks)
		}
		for _, network := range networks {
			t.Run(sc.name+"/"+network, func(t *testing.T) {
				scene := func(ctx context.Context, s *scene) { sc.play(ctx, s, network) }
				want := play(t, scene)
				compare := func(t *testing.T, opts ...asynciotest.NetworkOption) {
					t.Helper()
					got := play(t, scene, asynciotest.WithNetwork(asynciotest.NewNetwork(opts...)))
					if !slices.Equal(got, want) {
						t.Errorf("on the system's sockets:\n\t%s\nin memory:\n\t%s", strings.Join(want, "\n\t"), strings.Join(got, "\n\t"))
					}
				}
				t.Run("plain", func(t *testing.T) { compare(t) })
				t.Run("slow", func(t *testing.T) { compare(t, asynciotest.Latency(time.Millisecond, 2*time.Millisecond)) })
				if !sc.whole {
					t.Run("chunks", func(t *testing.T) { compare(t, asynciotest.Chunks(64<<10), asynciotest.Seed(7)) })
				}
				if testing.Verbose() {
					t.Logf("observed:\n\t%s", strings.Join(want, "\n\t"))
				}
			})
		}
	}
}
