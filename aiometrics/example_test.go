package aiometrics_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aiometrics"
)

// show prints the lines about the number of tasks.
func show(text string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "asyncio_task_count") {
			fmt.Print(line)
		}
	}
}

// A handler for Prometheus, which answers while the loop is blocked.
func Example() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		mux := http.NewServeMux()
		mux.Handle("/metrics", aiometrics.Handler(asyncio.LoopOf(ctx)))
		server := httptest.NewServer(mux) // or http.Serve
		defer server.Close()
		response, err := http.Get(server.URL + "/metrics") // blocks the loop, and is answered
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		show(string(text))
		return err
	}, asyncio.WithName("shop"))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// asyncio_task_count{asyncio_loop_name="shop",state="ready"} 0
	// asyncio_task_count{asyncio_loop_name="shop",state="running"} 1
	// asyncio_task_count{asyncio_loop_name="shop",state="waiting"} 0
}

// One handler serves the metrics of several loops.
func ExampleHandler() {
	handler := aiometrics.Handler(asyncio.NewLoop(asyncio.WithName("a")), asyncio.NewLoop(asyncio.WithName("b")))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "asyncio_loop_ready{") {
			fmt.Print(line)
		}
	}
	// Output:
	// asyncio_loop_ready{asyncio_loop_name="a"} 0
	// asyncio_loop_ready{asyncio_loop_name="b"} 0
}

// Write writes the metrics to a file or the terminal.
func ExampleWrite() {
	loop := asyncio.NewLoop(asyncio.WithName("shop"))
	if err := aiometrics.Write(head{lines: 3}, loop); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # HELP asyncio_loop_delay_seconds How long ready tasks and callbacks waited for the loop.
	// # TYPE asyncio_loop_delay_seconds histogram
	// asyncio_loop_delay_seconds_bucket{asyncio_loop_name="shop",le="0.0001"} 0
}

// A head is a writer that prints the first lines only.
type head struct{ lines int }

func (h head) Write(text []byte) (int, error) {
	lines := strings.SplitAfterN(string(text), "\n", h.lines+1)
	_, err := os.Stdout.WriteString(strings.Join(lines[:h.lines], ""))
	return len(text), err
}
