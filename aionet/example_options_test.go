package aionet_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// inDirectory runs body on a loop with a temporary directory.
func inDirectory(body func(ctx context.Context, dir string) error) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	run(func(ctx context.Context) error { return body(ctx, dir) })
}

// A program that is replaced by a new process keeps the file of its socket.
func ExampleKeepFile() {
	inDirectory(func(ctx context.Context, dir string) error {
		path := filepath.Join(dir, "socket")
		listener, err := aionet.Listen(ctx, "unix", path, aionet.KeepFile())
		if err != nil {
			return err
		}
		listener.Close()
		_, err = os.Lstat(path)
		fmt.Println(err)
		return nil
	})
	// Output: <nil>
}

// A BindOption applies to listeners and to datagram sockets.
func ExampleBindOption() {
	inDirectory(func(ctx context.Context, dir string) error {
		keep := func(yes bool) aionet.BindOption {
			if yes {
				return aionet.KeepFile()
			}
			return nil
		}
		listener, err := aionet.Listen(ctx, "unix", filepath.Join(dir, "stream"), keep(false))
		if err != nil {
			return err
		}
		packets, err := aionet.ListenPacket(ctx, "unixgram", filepath.Join(dir, "datagram"), keep(true))
		if err != nil {
			return err
		}
		listener.Close()
		packets.Close()
		files, err := os.ReadDir(dir)
		for _, f := range files {
			fmt.Println(f.Name())
		}
		return err
	})
	// Output: datagram
}

// The server rejects an upload before it has read it. A client on a slow connection has 5 s to
// read the response.
func ExampleLinger() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.Linger(5*time.Second, 1<<20))
		if err != nil {
			return err
		}
		serving := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(_ context.Context, conn *aionet.Conn) error {
				_, err := fmt.Fprint(conn, "refused")
				return err
			})
		})
		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		conn.Write(make([]byte, 100_000))
		answer, err := io.ReadAll(conn)
		fmt.Println(string(answer), err)
		conn.Close()
		if err := listener.Shutdown(ctx); err != nil {
			return err
		}
		_, err = serving.Await(ctx)
		return err
	})
	// Output: refused <nil>
}

func ExampleListenOption() {
	run(func(ctx context.Context) error {
		options := []aionet.ListenOption{aionet.MaxConns(100), aionet.KeepFile()}
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", options...)
		if err != nil {
			return err
		}
		fmt.Println(listener.Addr().Network())
		return listener.Close()
	})
	// Output: tcp
}

func ExamplePacketOption() {
	run(func(ctx context.Context) error {
		options := []aionet.PacketOption{aionet.KeepFile()}
		socket, err := aionet.ListenPacket(ctx, "udp", "127.0.0.1:0", options...)
		if err != nil {
			return err
		}
		fmt.Println(socket.LocalAddr().Network())
		return socket.Close()
	})
	// Output: udp
}
