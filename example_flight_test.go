package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The report of a stall names a file for "go tool trace": what the whole program did in the
// seconds before.
func ExampleWithFlightRecorder() {
	dir, err := os.MkdirTemp("", "traces")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	answers := make(chan string, 1)
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		fmt.Println("received:", <-answers)
		return nil
	}, unlogged, asyncio.WithName("shop"), asyncio.WithFlightRecorder(dir), asyncio.WithStallThreshold(50*time.Millisecond),
		asyncio.WithStallHandler(func(s asyncio.Stall) {
			if !s.Ended && s.Class == asyncio.StallChannel {
				fmt.Println("a trace of the loop:", strings.Contains(s.TraceFile, "asyncio-stall-shop"))
				answers <- "42"
			}
		}))
	// Output:
	// a trace of the loop: true
	// received: 42
}
