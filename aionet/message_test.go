//go:build unix

package aionet_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Messages arrive whole, even if they are longer than a buffer of the loop.

// messages returns messages for a unix socket. Some are longer than 64 KiB.
func messages() (all [][]byte) {
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{10, 64 << 10, 64<<10 + 1, 100_000, 3, 150_000, 1, 64<<10 - 1} {
		m := make([]byte, size)
		random.Read(m)
		all = append(all, m)
	}
	return all
}

// withRoom runs body on a loop with the system's network, and on one with a network in memory
// whose buffers hold the messages.
func withRoom(t *testing.T, body func(ctx context.Context, t *testing.T)) {
	t.Run("system", func(t *testing.T) { onSockets(t, body) })
	t.Run("memory", func(t *testing.T) {
		asynciotest.Run(t, body, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Buffer(256<<10))))
	})
}

func TestMessagesArriveWhole(t *testing.T) {
	type reader interface {
		net.Conn
		Next() ([]byte, error)
	}
	next := func(r reader, got func([]byte)) error {
		for {
			p, err := r.Next()
			if err != nil {
				return err
			}
			got(p)
		}
	}
	copied := func(r io.Reader, got func([]byte)) error {
		_, err := io.Copy(writerFunc(func(p []byte) (int, error) { got(p); return len(p), nil }), r)
		if err == nil {
			err = io.EOF
		}
		return err
	}
	for name, receive := range map[string]func(ctx context.Context, c *aionet.Conn, got func([]byte)) error{
		"Next": func(_ context.Context, c *aionet.Conn, got func([]byte)) error { return next(c, got) },
		"view's Next": func(ctx context.Context, c *aionet.Conn, got func([]byte)) error {
			return next(c.WithContext(ctx).(reader), got)
		},
		"io.Copy": func(_ context.Context, c *aionet.Conn, got func([]byte)) error { return copied(c, got) },
		"view's io.Copy": func(ctx context.Context, c *aionet.Conn, got func([]byte)) error {
			return copied(c.WithContext(ctx), got)
		},
		"Read": func(_ context.Context, c *aionet.Conn, got func([]byte)) error {
			for p := make([]byte, 200_000); ; {
				n, err := c.Read(p)
				if err != nil {
					return err
				}
				got(p[:n])
			}
		},
		"a goroutine's io.Copy": func(ctx context.Context, c *aionet.Conn, got func([]byte)) error {
			_, err := asyncio.ToThread(context.WithoutCancel(ctx), func(context.Context) (int, error) { return 0, copied(c, got) })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			body := func(ctx context.Context, t *testing.T) {
				a, b := joined(ctx, t, "unixpacket")
				sending := asyncio.Go(ctx, func(context.Context) error {
					for _, m := range messages() {
						if n, err := b.Write(m); n != len(m) || err != nil {
							t.Errorf("Write: %d of %d, %v", n, len(m), err)
						}
					}
					return b.Close()
				})
				want := messages()
				if err := receive(ctx, a, func(p []byte) {
					if len(want) == 0 || !bytes.Equal(p, want[0]) {
						t.Fatalf("a message of %d bytes came; want %d, the same", len(p), len(want[0]))
					}
					want = want[1:]
				}); err != io.EOF {
					t.Errorf("%s: %v", name, err)
				}
				if len(want) > 0 {
					t.Errorf("%d messages did not come", len(want))
				}
				sending.Await(ctx)
				shut(t, a)
			}
			t.Run("system", func(t *testing.T) { onSockets(t, body) })
			if name != "a goroutine's io.Copy" {
				t.Run("memory", func(t *testing.T) {
					asynciotest.Run(t, body, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Buffer(256<<10))))
				})
			}
		})
	}
}

func TestDatagramsArriveWhole(t *testing.T) {
	withRoom(t, func(ctx context.Context, t *testing.T) {
		dir := t.TempDir()
		far := listenPacket(ctx, t, "unixgram", filepath.Join(dir, "far"))
		near, err := aionet.Dial(ctx, "unixgram", far.LocalAddr().String(), aionet.LocalAddr(&net.UnixAddr{Name: filepath.Join(dir, "near"), Net: "unixgram"}))
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 200_000)
		for _, m := range messages() {
			if n, err := near.Write(m); n != len(m) || err != nil {
				t.Fatalf("Write: %d of %d, %v", n, len(m), err)
			}
			n, _, err := far.ReadFrom(p)
			if err != nil || !bytes.Equal(p[:n], m) {
				t.Errorf("ReadFrom: %d bytes of %d, %v", n, len(m), err)
			}
			if n, err := far.WriteTo(m, near.LocalAddr()); n != len(m) || err != nil {
				t.Fatalf("WriteTo: %d of %d, %v", n, len(m), err)
			}
			if got, err := near.Next(); err != nil || !bytes.Equal(got, m) {
				t.Errorf("Next: %d bytes of %d, %v", len(got), len(m), err)
			}
		}
		shut(t, near, far)
	})
	onLoop(t, func(ctx context.Context) {
		f, g := socketpair(t, syscall.SOCK_DGRAM)
		a, b := adopt(ctx, t, f), adopt(ctx, t, g)
		for _, m := range messages() {
			if n, err := a.Write(m); n != len(m) || err != nil {
				t.Fatalf("Write: %d of %d, %v", n, len(m), err)
			}
			if got, err := b.Next(); err != nil || !bytes.Equal(got, m) {
				t.Errorf("Next of a socket pair: %d bytes of %d, %v", len(got), len(m), err)
			}
		}
		shut(t, a, b)
	})
}

func TestProtocolReceivesWholeMessages(t *testing.T) {
	withRoom(t, func(ctx context.Context, t *testing.T) {
		want := messages()
		l, err := aionet.Listen(ctx, "unixpacket", filepath.Join(t.TempDir(), "socket"))
		if err != nil {
			t.Fatal(err)
		}
		s := &script{got: func(s *script, p []byte) {
			if len(want) == 0 || !bytes.Equal(p, want[0]) {
				t.Fatalf("a message of %d bytes came; want %d, the same", len(p), len(want[0]))
			}
			want = want[1:]
		}}
		serving := asyncio.Go(ctx, func(ctx context.Context) error { return l.ServeProtocol(ctx, one(s)) })
		c := dial(ctx, t, l.Addr())
		for _, m := range want {
			if _, err := c.Write(m); err != nil {
				t.Fatal(err)
			}
		}
		shut(t, c)
		if err := l.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		serving.Await(ctx)
		if len(want) > 0 {
			t.Errorf("%d messages did not come", len(want))
		}
	})
}
