package aionet_test

import (
	"bufio"
	"context"
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Two loops serve visitors. What they share, the guest book, lives on a loop of its own,
// which the handlers of both ask to write: a task awaits a task of another loop.
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
