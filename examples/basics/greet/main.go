// Greet is the first program: it says hello, waits one second without
// blocking anything, and says goodbye.
//
//	go run ./basics/greet
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	// Run makes an event loop, runs the function on it as the first task, and
	// returns when that task, and every task it started, has ended.
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return greet(ctx, os.Stdout, "Ada")
	})
	if err != nil {
		log.Fatal(err)
	}
}

// greet is a coroutine: a plain function that takes a ctx first and returns an
// error last. Calling it awaits it.
func greet(ctx context.Context, w io.Writer, name string) error {
	fmt.Fprintf(w, "Hello, %s.\n", name)

	// Sleep is an await: this coroutine is set aside and gives control back to
	// the loop, which could run a thousand others in that second. The error
	// says that we were cancelled while we waited.
	if err := asyncio.Sleep(ctx, time.Second); err != nil {
		return err
	}

	fmt.Fprintf(w, "Goodbye, %s.\n", name)
	return nil
}
