package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// encrypted returns the two sides of a TLS connection, for the examples.
func encrypted(ctx context.Context) (client, server *aionet.TLSConn) {
	a, b := connected(ctx)
	serving := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.TLSConn, error) {
		return aionet.TLSServer(ctx, b, serverConfig())
	})
	client, err := aionet.TLSClient(ctx, a, clientConfig())
	if err != nil {
		panic(err)
	}
	if server, err = serving.Await(ctx); err != nil {
		panic(err)
	}
	return client, server
}

// The handshake fails, and closes the connection, if the certificate is not for the
// name that the client asks for.
func ExampleTLSClient() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		serving := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.TLSConn, error) {
			return aionet.TLSServer(ctx, b, serverConfig())
		})
		cfg := clientConfig()
		cfg.ServerName = "bank.test"
		_, err := aionet.TLSClient(ctx, a, cfg)
		fmt.Println(errors.Unwrap(err))
		_, err = serving.Await(ctx)
		fmt.Println(err != nil, errors.Is(a.Close(), net.ErrClosed))
		return nil
	})
	// Output:
	// tls: failed to verify certificate: x509: certificate is valid for server.test, not bank.test
	// true true
}

// A time-out ends the handshake of a silent client.
func ExampleTLSServer() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		defer a.Close()
		ctx, cancel := asyncio.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, err := aionet.TLSServer(ctx, b, serverConfig())
		fmt.Println(err)
		return nil
	})
	// Output: context deadline exceeded
}

func ExampleTLSHandler() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		echo := aionet.TLSHandler(serverConfig(), func(ctx context.Context, conn *aionet.TLSConn) error {
			_, err := io.Copy(conn, conn)
			return err
		})
		serving := asyncio.Go(ctx, func(ctx context.Context) error { return listener.Serve(ctx, echo) })

		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		secure, err := aionet.TLSClient(ctx, conn, clientConfig())
		if err != nil {
			return err
		}
		fmt.Fprint(secure, "hello")
		err = secure.CloseWrite()
		text, _ := io.ReadAll(secure)
		fmt.Println(string(text))
		err = errors.Join(err, secure.Close(), listener.Shutdown(ctx))
		serving.Await(ctx)
		return err
	})
	// Output: hello
}

// One task reads and another writes, as on any connection.
func ExampleTLSConn() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		asyncio.Go(ctx, func(context.Context) error {
			lines := bufio.NewScanner(server)
			for lines.Scan() {
				fmt.Fprintln(server, "you said", lines.Text())
			}
			return errors.Join(lines.Err(), server.Close())
		})
		writer := asyncio.Go(ctx, func(context.Context) error {
			fmt.Fprintln(client, "one")
			fmt.Fprintln(client, "two")
			return client.CloseWrite()
		})
		_, err := io.Copy(os.Stdout, client)
		writer.Await(ctx)
		return errors.Join(err, client.Close())
	})
	// Output:
	// you said one
	// you said two
}

func ExampleTLSConn_Read() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Fprint(server, "hello")
		buf := make([]byte, 100)
		n, err := client.Read(buf) // the task waits; others run
		fmt.Println(string(buf[:n]))
		return errors.Join(err, client.Close(), server.Close())
	})
	// Output: hello
}

func ExampleTLSConn_Write() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		n, err := client.Write([]byte("hello"))
		fmt.Println(n)
		return errors.Join(err, client.Close(), server.Close())
	})
	// Output: 5
}

func ExampleTLSConn_Close() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		err := client.Close()
		n, end := server.Read(make([]byte, 1))
		fmt.Println(n, end) // told, not cut off
		fmt.Println(errors.Is(client.Close(), net.ErrClosed))
		return errors.Join(err, server.Close())
	})
	// Output:
	// 0 EOF
	// true
}

// The client closes its direction after the request and reads the response.
func ExampleTLSConn_CloseWrite() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Fprint(client, "a question")
		client.CloseWrite()
		question, err := io.ReadAll(server)
		if err != nil {
			return err
		}
		fmt.Fprintf(server, "an answer to %s", question)
		server.Close()
		answer, err := io.ReadAll(client)
		fmt.Println(string(answer))
		return errors.Join(err, client.Close())
	})
	// Output: an answer to a question
}

func ExampleTLSConn_ConnectionState() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		state := client.ConnectionState()
		fmt.Println(state.HandshakeComplete, state.ServerName)
		return errors.Join(client.Close(), server.Close())
	})
	// Output: true server.test
}

// Libraries may call Handshake although it is complete.
func ExampleTLSConn_Handshake() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Println(client.Handshake())
		return errors.Join(client.Close(), server.Close())
	})
	// Output: <nil>
}

func ExampleTLSConn_HandshakeContext() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Println(client.HandshakeContext(ctx))
		return errors.Join(client.Close(), server.Close())
	})
	// Output: <nil>
}

func ExampleTLSConn_LocalAddr() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Println(client.LocalAddr().String() == server.RemoteAddr().String())
		return errors.Join(client.Close(), server.Close())
	})
	// Output: true
}

func ExampleTLSConn_RemoteAddr() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Println(client.RemoteAddr().Network())
		return errors.Join(client.Close(), server.Close())
	})
	// Output: tcp
}

// The underlying connection has the socket options.
func ExampleTLSConn_NetConn() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		fmt.Println(client.NetConn().(*aionet.Conn).SetNoDelay(false))
		return errors.Join(client.Close(), server.Close())
	})
	// Output: <nil>
}

func ExampleTLSConn_SetDeadline() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		client.SetDeadline(time.Now().Add(-time.Second)) // over already
		_, err := client.Write([]byte("too late"))
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		client.SetDeadline(time.Time{})
		return errors.Join(client.Close(), server.Close())
	})
	// Output: true
}

// After a deadline has passed, the next Read continues.
func ExampleTLSConn_SetReadDeadline() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		client.SetReadDeadline(time.Now().Add(time.Millisecond))
		buf := make([]byte, 100)
		_, err := client.Read(buf)
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		client.SetReadDeadline(time.Time{})
		fmt.Fprint(server, "late, but not lost")
		n, err := client.Read(buf)
		fmt.Println(string(buf[:n]))
		return errors.Join(err, client.Close(), server.Close())
	})
	// Output:
	// true
	// late, but not lost
}

func ExampleTLSConn_SetWriteDeadline() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		client.SetWriteDeadline(time.Now().Add(-time.Second)) // over already
		_, err := client.Write([]byte("too late"))
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		client.SetWriteDeadline(time.Time{})
		return errors.Join(client.Close(), server.Close())
	})
	// Output: true
}

// A time-out for one line. The connection stays open.
func ExampleTLSConn_WithContext() {
	run(func(ctx context.Context) error {
		client, server := encrypted(ctx)
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := bufio.NewReader(client.WithContext(limited)).ReadString('\n')
		fmt.Println(err)
		return errors.Join(client.Close(), server.Close())
	})
	// Output: context deadline exceeded
}
