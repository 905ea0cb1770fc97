//go:build unix

package aionet_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Unix sockets: streams, packets that stay apart, datagrams.

func TestUnixStream(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		path := filepath.Join(t.TempDir(), "socket")
		l, err := aionet.Listen(ctx, "unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if l.Addr().Network() != "unix" || l.Addr().String() != path {
			t.Errorf("Addr: %s %s", l.Addr().Network(), l.Addr())
		}
		c, err := aionet.Dial(ctx, "unix", path)
		if err != nil {
			t.Fatal(err)
		}
		far, err := l.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if c.RemoteAddr().String() != path || far.LocalAddr().String() != path || far.RemoteAddr().Network() != "unix" {
			t.Errorf("addresses %v, %v, %v", c.RemoteAddr(), far.LocalAddr(), far.RemoteAddr())
		}
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) {
			defer c.CloseWrite()
			return c.Write(make([]byte, 5<<20))
		})
		if n, err := io.Copy(io.Discard, far); n != 5<<20 || err != nil {
			t.Errorf("%d bytes came, %v", n, err)
		}
		task.Await(ctx)
		write(t, far, "back")
		wantRead(t, c, "back")
		shut(t, c, far, l)
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket's file is left: %v", err)
		}
		_, err = aionet.Dial(ctx, "unix", path)
		wantErr(t, "Dial", err, os.ErrNotExist)
	})
}

// The loop's end removes the file as Close does.
func TestUnixFile_RemovedAtTheEndOfTheLoop(t *testing.T) {
	dir := t.TempDir()
	onLoop(t, func(ctx context.Context) {
		if _, err := aionet.Listen(ctx, "unix", filepath.Join(dir, "stream")); err != nil {
			t.Fatal(err)
		}
		listenPacket(ctx, t, "unixgram", filepath.Join(dir, "datagram"))
	})
	if names, err := os.ReadDir(dir); len(names) != 0 || err != nil {
		t.Errorf("left: %v, %v", names, err)
	}
}

func TestUnixServe(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l, err := aionet.Listen(ctx, "unix", filepath.Join(t.TempDir(), "socket"))
		if err != nil {
			t.Fatal(err)
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
				_, err := io.Copy(c, c)
				return err
			})
		})
		c := dial(ctx, t, l.Addr())
		write(t, c, "echo")
		wantRead(t, c, "echo")
		shut(t, c)
		if err := l.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if _, err := server.Await(ctx); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestUnixDatagrams(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		dir := t.TempDir()
		a := listenPacket(ctx, t, "unixgram", filepath.Join(dir, "a"))
		b := listenPacket(ctx, t, "unixgram", filepath.Join(dir, "b"))
		if n, err := a.WriteTo([]byte("to b"), b.LocalAddr()); n != 4 || err != nil {
			t.Errorf("WriteTo: %d, %v", n, err)
		}
		p := make([]byte, 10)
		n, from, err := b.ReadFrom(p)
		if string(p[:n]) != "to b" || err != nil || from.String() != a.LocalAddr().String() || from.Network() != "unixgram" {
			t.Errorf("ReadFrom: %q, %v, %v", p[:n], from, err)
		}
		_, err = a.WriteTo([]byte("x"), &net.UnixAddr{Name: filepath.Join(dir, "nobody"), Net: "unixgram"})
		wantErr(t, "WriteTo a missing socket", err, os.ErrNotExist)
		if _, err := a.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80}); err == nil {
			t.Error("WriteTo accepted a UDP address")
		}
		shut(t, a, b)
		if names, _ := os.ReadDir(dir); len(names) != 0 {
			t.Errorf("left: %v", names)
		}
	})
}

// The receive buffer of a unix datagram socket is small on some systems. A writer waits while it is
// full, whether its socket is connected or not.
func TestUnixDatagrams_FullReceiveBuffer(t *testing.T) {
	const n = 500
	for name, writer := range map[string]func(ctx context.Context, t *testing.T, to *aionet.PacketConn) (io.Closer, func(p []byte) (int, error)){
		"connected": func(ctx context.Context, t *testing.T, to *aionet.PacketConn) (io.Closer, func(p []byte) (int, error)) {
			c := dial(ctx, t, to.LocalAddr())
			return c, c.Write
		},
		"not connected": func(ctx context.Context, t *testing.T, to *aionet.PacketConn) (io.Closer, func(p []byte) (int, error)) {
			c := listenPacket(ctx, t, "unixgram", filepath.Join(t.TempDir(), "a"))
			return c, func(p []byte) (int, error) { return c.WriteTo(p, to.LocalAddr()) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			onLoop(t, func(ctx context.Context) {
				b := listenPacket(ctx, t, "unixgram", filepath.Join(t.TempDir(), "b"))
				closer, write := writer(ctx, t, b)
				task := asyncio.Go(ctx, func(context.Context) error {
					for i := range n {
						if _, err := write(fmt.Appendf(nil, "%d", i)); err != nil {
							return err
						}
					}
					return nil
				})
				turns(ctx, t, 50)
				p := make([]byte, 10)
				for i := range n {
					k, _, err := b.ReadFrom(p)
					if err != nil || string(p[:k]) != fmt.Sprint(i) {
						t.Fatalf("ReadFrom: %q, %v; want %d", p[:k], err, i)
					}
				}
				if _, err := task.Await(ctx); err != nil {
					t.Errorf("the writer: %v", err)
				}
				shut(t, b, closer)
			})
		})
	}
}
