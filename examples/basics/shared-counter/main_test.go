package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/asyncio-go/asyncio/asynciotest"
)

const want = `1000 tasks, 100 increments each, no lock: counter = 100000
10000 waits of one second: 1.0 s
`

// Under the race detector this also shows that the unlocked counter is no data race.
func TestExactCountAndOneSecond(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		if err := count(ctx, &out, 1_000, 100); err != nil {
			t.Fatal(err)
		}
		if err := wait(ctx, &out, 10_000); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
