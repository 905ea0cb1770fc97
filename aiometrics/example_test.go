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

// show prints the lines of a text that are about tasks that live.
func show(text string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "asyncio_task_count") {
			fmt.Print(line)
		}
	}
}

// A page for Prometheus on an address of its own, which answers also while the loop
// is blocked.
func Example() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		mux := http.NewServeMux()
		mux.Handle("/metrics", aiometrics.Handler(asyncio.LoopOf(ctx)))
		server := httptest.NewServer(mux) // or http.Serve on a listener of your own
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

// One page tells of several loops.
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

// Without a server: a file, or the terminal.
func ExampleWrite() {
	loop := asyncio.NewLoop(asyncio.WithName("shop"))
	if err := aiometrics.Write(head{lines: 3}, loop); err != nil {
		log.Fatal(err)
	}
	// Output:
	// # HELP asyncio_loop_delay_seconds How long what became ready waited for the loop.
	// # TYPE asyncio_loop_delay_seconds histogram
	// asyncio_loop_delay_seconds_bucket{asyncio_loop_name="shop",le="0.0001"} 0
}

// head prints the first lines of what is written.
type head struct{ lines int }

func (h head) Write(text []byte) (int, error) {
	lines := strings.SplitAfterN(string(text), "\n", h.lines+1)
	_, err := os.Stdout.WriteString(strings.Join(lines[:h.lines], ""))
	return len(text), err
}
