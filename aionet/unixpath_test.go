//go:build unix

package aionet_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Closing a unix socket removes its own file. If another file has replaced it, that file stays.

// unixEnds are the ways to close a unix socket. Each opens one at the path and returns a
// function that closes it.
var unixEnds = map[string]func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) (end func()){
	"Close": func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) func() {
		l := listenUnix(ctx, t, "unix", path, opts)
		return func() { shut(t, l) }
	},
	"Close of unixpacket": func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) func() {
		l := listenUnix(ctx, t, "unixpacket", path, opts)
		return func() { shut(t, l) }
	},
	"Close of unixgram": func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) func() {
		var packetOpts []aionet.PacketOption
		for _, o := range opts {
			packetOpts = append(packetOpts, o)
		}
		p := listenPacket(ctx, t, "unixgram", path, packetOpts...)
		return func() { shut(t, p) }
	},
	"Shutdown": func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) func() {
		l := listenUnix(ctx, t, "unix", path, opts)
		server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, echo) })
		turns(ctx, t, 2)
		return func() {
			if err := l.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			if _, err := server.Await(ctx); err != nil {
				t.Errorf("Serve: %v", err)
			}
		}
	},
	"the end of the loop": func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) func() {
		return otherLoop(t, func(ctx context.Context) { listenUnix(ctx, t, "unix", path, opts) })
	},
	"ServeLoops": func(ctx context.Context, t *testing.T, path string, opts ...aionet.BindOption) func() {
		ctx, cancel := context.WithCancel(context.Background())
		listens, ended := make(chan struct{}), make(chan error, 1)
		all := []aionet.ListenOption{aionet.OnListen(func(net.Addr) { close(listens) })}
		for _, o := range opts {
			all = append(all, o)
		}
		go func() { ended <- aionet.ServeLoops(ctx, 2, "unix", path, echo, all...) }()
		<-listens
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("ServeLoops: %v", err)
			}
		}
	},
}

func listenUnix(ctx context.Context, t *testing.T, network, path string, opts []aionet.BindOption) *aionet.Listener {
	t.Helper()
	var listenOpts []aionet.ListenOption
	for _, o := range opts {
		listenOpts = append(listenOpts, o)
	}
	l, err := aionet.Listen(ctx, network, path, listenOpts...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// otherLoop runs body on a new loop, and returns a function that ends that loop.
func otherLoop(t *testing.T, body func(ctx context.Context)) (end func()) {
	begun, stop, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- asyncio.Run(context.Background(), func(ctx context.Context) error {
			body(ctx)
			close(begun)
			_, _, err := asyncio.Recv(ctx, stop)
			return err
		})
	}()
	<-begun
	return func() {
		close(stop)
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func TestClose_RemovesOnlyItsOwnFile(t *testing.T) {
	bind := func(t *testing.T, path string) {
		other, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { other.Close() })
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, path string) // before the end
		opts   []aionet.BindOption
		left   []string
	}{
		"its own":                   {},
		"its own, kept":             {opts: []aionet.BindOption{aionet.KeepFile()}, left: []string{"s"}},
		"removed":                   {change: func(t *testing.T, path string) { must(t, os.Remove(path)) }},
		"renamed":                   {change: func(t *testing.T, path string) { must(t, os.Rename(path, path+"2")) }, left: []string{"s2"}},
		"another socket":            {change: func(t *testing.T, path string) { must(t, os.Remove(path)); bind(t, path) }, left: []string{"s"}},
		"another socket, by rename": {change: func(t *testing.T, path string) { bind(t, path+"2"); must(t, os.Rename(path+"2", path)) }, left: []string{"s"}},
		"a regular file": {change: func(t *testing.T, path string) {
			must(t, os.Remove(path))
			must(t, os.WriteFile(path, []byte("precious"), 0o600))
		}, left: []string{"s"}},
		"of another directory": {change: func(t *testing.T, path string) {
			must(t, os.Mkdir("sub", 0o700))
			t.Chdir("sub")
			bind(t, "s")
		}, left: []string{"sub"}},
	} {
		for endName, open := range unixEnds {
			t.Run(name+", "+endName, func(t *testing.T) {
				dir := t.TempDir()
				t.Chdir(dir)
				onLoop(t, func(ctx context.Context) {
					end := open(ctx, t, "s", c.opts...)
					if c.change != nil {
						c.change(t, filepath.Join(dir, "s"))
					}
					end()
				})
				var left []string
				entries, err := os.ReadDir(dir)
				must(t, err)
				for _, e := range entries {
					left = append(left, e.Name())
				}
				if len(left) != len(c.left) || len(left) == 1 && left[0] != c.left[0] {
					t.Errorf("left: %q, want %q", left, c.left)
				}
				if _, err := os.Lstat("s"); name == "of another directory" && err != nil {
					t.Errorf("the file of the other directory: %v", err)
				}
			})
		}
	}
}
