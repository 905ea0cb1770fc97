package bench

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// onLoop runs body as the main task of a fresh loop, the way a program would.
// The log is thrown away because some rows occupy the loop for long on
// purpose, and the report of that would land between the figures.
func onLoop(b *testing.B, body func(ctx context.Context) error) {
	b.Helper()
	quiet := asyncio.WithLogger(slog.New(slog.DiscardHandler))
	if err := asyncio.Run(context.Background(), body, quiet); err != nil {
		b.Fatal(err)
	}
}

// perPart reports the cost of one of the parts that every iteration of b
// consists of, in place of the cost of the iteration.
func perPart(b *testing.B, parts int, unit string) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(parts), unit)
}

// wrongCount says that a contender did not do the work of its row.
func wrongCount(got, want int) error {
	return fmt.Errorf("%d parts of the work were done, want %d", got, want)
}
