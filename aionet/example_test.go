package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// connected returns the two sides of a connection of the loop, for the examples.
func connected(ctx context.Context) (a, b *aionet.Conn) {
	listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	if a, err = aionet.Dial(ctx, "tcp", listener.Addr().String()); err != nil {
		panic(err)
	}
	if b, err = listener.Accept(ctx); err != nil {
		panic(err)
	}
	return a, b
}

// run runs the body on a loop and prints its error.
func run(body func(ctx context.Context) error) {
	if err := asyncio.Run(context.Background(), body); err != nil {
		fmt.Println("error:", err)
	}
}

// A server that counts its visitors, without a lock, and a client.
func Example() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "localhost:0")
		if err != nil {
			return err
		}
		visitors := 0
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
				visitors++
				name, err := bufio.NewReader(conn).ReadString('\n')
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(conn, "welcome, number %d: %s", visitors, name)
				return err
			})
		})
		for _, name := range []string{"Ada", "Grace"} {
			conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			fmt.Fprintln(conn, name)
			answer, err := io.ReadAll(conn)
			if err != nil {
				return err
			}
			fmt.Print(string(answer))
			conn.Close()
		}
		if err := listener.Shutdown(ctx); err != nil {
			return err
		}
		_, err = server.Await(ctx)
		return err
	})
	fmt.Println(err)
	// Output:
	// welcome, number 1: Ada
	// welcome, number 2: Grace
	// <nil>
}

func ExampleDial() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		listener.Close() // later dials are refused

		ctx, cancel := asyncio.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, err = aionet.Dial(ctx, "tcp", listener.Addr().String())
		fmt.Println(errors.Is(err, syscall.ECONNREFUSED))
		return nil
	})
	// Output: true
}

func ExampleListen() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0") // any port
		if err != nil {
			return err
		}
		defer listener.Close()
		host, _, err := net.SplitHostPort(listener.Addr().String())
		fmt.Println(host)
		return err
	})
	// Output: 127.0.0.1
}

// A pipe, such as the output of a child process, becomes a connection.
func ExampleFileConn() {
	run(func(ctx context.Context) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		conn, err := aionet.FileConn(ctx, r)
		if err != nil {
			return err
		}
		r.Close() // the connection has its own descriptor
		fmt.Fprint(w, "through a pipe")
		w.Close()
		text, err := io.ReadAll(conn)
		fmt.Println(string(text))
		return errors.Join(err, conn.Close())
	})
	// Output: through a pipe
}

func ExampleOption() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.MaxConns(1000), aionet.ReusePort())
		if err != nil {
			return err
		}
		fmt.Println(listener.Addr().Network())
		return listener.Close()
	})
	// Output: tcp
}

// Two listeners share an address. They may belong to different loops or processes.
func ExampleReusePort() {
	run(func(ctx context.Context) error {
		first, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.ReusePort())
		if err != nil {
			return err
		}
		second, err := aionet.Listen(ctx, "tcp", first.Addr().String(), aionet.ReusePort())
		if err != nil {
			return err
		}
		fmt.Println(first.Addr().String() == second.Addr().String())
		return errors.Join(first.Close(), second.Close())
	})
	// Output: true
}

// The second client is served after the first handler has ended.
func ExampleMaxConns() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.MaxConns(1))
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(ctx context.Context, conn *aionet.Conn) error {
				fmt.Println("served:", asyncio.LoopOf(ctx) != nil)
				_, err := io.Copy(io.Discard, conn)
				return err
			})
		})
		for range 2 {
			conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
			if err != nil {
				return err
			}
			conn.Close()
		}
		err = listener.Shutdown(ctx)
		server.Await(ctx)
		return err
	})
	// Output:
	// served: true
	// served: true
}

func ExampleOnError() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0", aionet.OnError(func(remote net.Addr, err error) {
			fmt.Println(remote != nil, err)
		}))
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return listener.Serve(ctx, func(context.Context, *aionet.Conn) error {
				return errors.New("not today")
			})
		})
		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String())
		if err != nil {
			return err
		}
		io.Copy(io.Discard, conn)
		err = errors.Join(conn.Close(), listener.Shutdown(ctx))
		server.Await(ctx)
		return err
	})
	// Output: true not today
}

func ExampleLocalAddr() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer listener.Close()
		from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
		conn, err := aionet.Dial(ctx, "tcp", listener.Addr().String(), aionet.LocalAddr(from))
		if err != nil {
			return err
		}
		fmt.Println(conn.LocalAddr().(*net.TCPAddr).IP)
		return conn.Close()
	})
	// Output: 127.0.0.1
}

func ExampleControl() {
	run(func(ctx context.Context) error {
		listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0",
			aionet.Control(func(network, addr string, c syscall.RawConn) error {
				fmt.Println("before it listens:", network, addr)
				return nil
			}))
		if err != nil {
			return err
		}
		return listener.Close()
	})
	// Output: before it listens: tcp4 127.0.0.1:0
}
