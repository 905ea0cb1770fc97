//go:build unix

package aionet_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// joined returns two connections of the loop, joined by the network.
func joined(ctx context.Context, t *testing.T, network string) (near, far *aionet.Conn) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network != "tcp" {
		addr = filepath.Join(t.TempDir(), "socket")
	}
	l, err := aionet.Listen(ctx, network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near = dial(ctx, t, l.Addr())
	far, err = l.Accept(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// After CloseRead every way to read returns io.EOF, whether the peer sends before or after
// the call. Write still works.
func TestCloseRead_ReturnsEOF(t *testing.T) {
	type reader interface {
		net.Conn
		io.WriterTo
		Next() ([]byte, error)
	}
	for _, network := range []string{"tcp", "unix", "unixpacket"} {
		t.Run(network, func(t *testing.T) {
			onEachNetwork(t, func(ctx context.Context, t *testing.T) {
				for _, before := range []string{"", "sent before"} {
					a, b := joined(ctx, t, network)
					if before != "" {
						write(t, b, before)
						turns(ctx, t, 3)
					}
					if err := a.CloseRead(); err != nil {
						t.Fatalf("CloseRead: %v", err)
					}
					b.Write([]byte("sent after")) // some systems return EPIPE
					turns(ctx, t, 3)
					for name, r := range map[string]reader{"the connection": a, "a view": a.WithContext(ctx).(reader)} {
						wantEOF(t, r)
						if p, err := r.Next(); len(p) > 0 || err != io.EOF {
							t.Errorf("Next of %s: %q, %v; want EOF", name, p, err)
						}
						if n, err := r.WriteTo(io.Discard); n != 0 || err != nil {
							t.Errorf("WriteTo of %s: %d, %v; want nothing", name, n, err)
						}
						if p, err := io.ReadAll(r); len(p) > 0 || err != nil {
							t.Errorf("ReadAll of %s: %q, %v; want nothing", name, p, err)
						}
					}
					n, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return a.Read(make([]byte, 100)) })
					if n != 0 || err != io.EOF {
						t.Errorf("Read by a goroutine: %d, %v; want EOF", n, err)
					}
					write(t, a, "still writes")
					wantRead(t, b, "still writes")
					shut(t, a, b)
				}
			})
		})
	}
}

// CloseRead ends an io.Copy that waits, although the peer never stops sending.
func TestCloseRead_WhileDataArrives(t *testing.T) {
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		a, b := pair(ctx, t)
		flood := asyncio.Go(ctx, func(context.Context) error {
			for p := make([]byte, 4096); ; {
				if _, err := b.Write(p); err != nil {
					return nil
				}
			}
		})
		var copied int64
		copying := asyncio.Go(ctx, func(context.Context) error {
			_, err := io.Copy(writerFunc(func(p []byte) (int, error) { copied += int64(len(p)); return len(p), nil }), a)
			return err
		})
		for copied < 1<<20 {
			turns(ctx, t, 1)
		}
		if err := a.CloseRead(); err != nil {
			t.Error(err)
		}
		if _, err := copying.Await(ctx); err != nil {
			t.Errorf("io.Copy: %v", err)
		}
		shut(t, a)
		flood.Await(ctx)
		shut(t, b)
	})
}
