package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func ExampleListener() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(listener.Addr().Network())
		return listener.Close()
	})
	// Output: tcp
}

// Accept is for programs that create the tasks themselves. Serve creates them.
func ExampleListener_Accept() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer listener.Close()
		client, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		defer client.Close()
		conn, err := listener.Accept(ctx)
		if err != nil {
			return err
		}
		fmt.Println(conn.RemoteAddr().String() == client.LocalAddr().String())
		return conn.Close()
	})
	// Output: true
}

func ExampleListener_Addr() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(listener.Addr().(*net.TCPAddr).Port > 0)
		return listener.Close()
	})
	// Output: true
}

func ExampleListener_Close() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		listener.Close()
		_, err = listener.Accept(ctx)
		fmt.Println(errors.Is(err, net.ErrClosed))
		return nil
	})
	// Output: true
}

func ExampleListener_Serve() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
				_, err := io.Copy(conn, conn) // echo
				return err
			})
		})
		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		fmt.Fprint(conn, "hello")
		conn.CloseWrite()
		answer, err := io.ReadAll(conn)
		fmt.Println(string(answer), err)
		conn.Close()
		listener.Close()
		_, err = server.Await(ctx)
		return err
	})
	// Output: hello <nil>
}

// The handlers have ten seconds to end.
func ExampleListener_Shutdown() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
				_, err := conn.Read(make([]byte, 1))
				return err
			})
		})
		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		conn.Close()

		short, cancel := asyncio.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		fmt.Println("shutdown:", listener.Shutdown(short))
		_, err = server.Await(ctx)
		fmt.Println("served:", err)
		return nil
	})
	// Output:
	// shutdown: <nil>
	// served: <nil>
}
