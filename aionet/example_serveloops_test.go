package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Two loops serve visitors. The guest book, which they share, belongs to a third loop. The handlers
// submit tasks to that loop and await them.
func ExampleServeLoops() {
	book := asyncio.NewLoop()
	closed, closeBook := context.WithCancel(context.Background())
	bookEnds := make(chan error, 1)
	go func() {
		bookEnds <- book.Run(context.Background(), func(ctx context.Context) error {
			_, _, err := asyncio.Recv(ctx, closed.Done())
			return err
		})
	}()
	guests := 0 // of the book's loop: no lock

	ctx, stop := context.WithCancel(context.Background())
	err := aionet.ServeLoops(ctx, 2, "tcp", "localhost:0", func(ctx context.Context, conn *aionet.Conn) error {
		number, err := asyncio.Submit(book, func(context.Context) (int, error) {
			guests++
			return guests, nil
		}).Await(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(conn, "you are guest number %d\n", number)
		return err
	}, aionet.OnListen(func(addr net.Addr) {
		go func() { // the visitors, who are no tasks
			defer stop()
			for range 3 {
				conn, err := net.Dial("tcp", addr.String())
				if err != nil {
					fmt.Println(err)
					return
				}
				line, _ := bufio.NewReader(conn).ReadString('\n')
				fmt.Print(line)
				conn.Close()
			}
		}()
	}))
	closeBook()
	fmt.Println("served:", err, <-bookEnds)
	// Output:
	// you are guest number 1
	// you are guest number 2
	// you are guest number 3
	// served: <nil> <nil>
}

func ExampleServeProtocolLoops() {
	ctx, stop := context.WithCancel(context.Background())
	visit := func(addr net.Addr) {
		defer stop()
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
		fmt.Fprintln(conn, "hello")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		fmt.Print(line)
	}
	err := aionet.ServeProtocolLoops(ctx, 2, "tcp", "127.0.0.1:0",
		func() aionet.Protocol { return &shouter{} }, aionet.OnListen(visit))
	fmt.Println(err)
	// Output:
	// HELLO
	// <nil>
}

func ExampleOnListen() {
	ctx, stop := context.WithCancel(context.Background())
	echo := func(_ context.Context, conn *aionet.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	}
	err := aionet.ServeLoops(ctx, 2, "tcp", "127.0.0.1:0", echo, aionet.OnListen(func(addr net.Addr) {
		fmt.Println("a port was found:", addr.(*net.TCPAddr).Port > 0)
		stop()
	}))
	fmt.Println(err)
	// Output:
	// a port was found: true
	// <nil>
}

// A handler that has not ended after Grace is cancelled.
func ExampleGrace() {
	ctx, stop := context.WithCancel(context.Background())
	stay := func(ctx context.Context, conn *aionet.Conn) error {
		fmt.Fprintln(conn, "come in")
		return asyncio.Sleep(ctx, time.Hour)
	}
	visit := func(addr net.Addr) {
		defer stop()
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
		line, _ := bufio.NewReader(conn).ReadString('\n')
		fmt.Print(line)
	}
	err := aionet.ServeLoops(ctx, 2, "tcp", "127.0.0.1:0", stay, aionet.Grace(10*time.Millisecond), aionet.OnListen(visit))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// come in
	// true
}

// Each loop has the options, here a logger.
func ExampleLoopOptions() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.MessageKey, "error":
				return a
			}
			return slog.Attr{} // the time, the loop and the addresses are never the same
		},
	}))
	ctx, stop := context.WithCancel(context.Background())
	refuse := func(context.Context, *aionet.Conn) error { return errors.New("not today") }
	visit := func(addr net.Addr) {
		defer stop()
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
		io.Copy(io.Discard, conn)
	}
	err := aionet.ServeLoops(ctx, 2, "tcp", "127.0.0.1:0", refuse, aionet.OnListen(visit),
		aionet.LoopOptions(asyncio.WithLogger(logger)))
	fmt.Println(err)
	// Output:
	// msg="aionet: a connection failed" error="not today"
	// <nil>
}
