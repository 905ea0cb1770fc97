// Forgotten makes the classic mistake on purpose: it starts a task and never
// asks how it went. The task fails. The program still hears of it: the error
// is reported with the line that started the task, and the exit status is 1.
//
//	go run ./basics/forgotten
//
// Its neighbour forgotten-cured does it right.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		return forget(ctx, os.Stdout)
	})
	// forget itself returns nil, but Run also returns every error that nobody received.
	if err != nil {
		log.Fatal(err)
	}
}

var errDiskFull = errors.New("disk full")

// save fails after a tenth of a second.
func save(ctx context.Context) error {
	if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
		return err
	}
	return errDiskFull
}

func forget(ctx context.Context, w io.Writer) error {
	asyncio.Go(ctx, save, asyncio.Name("save")) // the mistake: nobody keeps this task

	fmt.Fprintln(w, "main: saving in the background")
	if err := asyncio.Sleep(ctx, 200*time.Millisecond); err != nil {
		return err
	}
	fmt.Fprintln(w, "main: all is well, or so it seems")
	return nil
}
