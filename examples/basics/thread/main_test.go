package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Not one tick is missing or late.
const want = ` 0.0 s  tick
 0.5 s  tick
 1.0 s  tick
 1.5 s  tick
 2.0 s  computing in a thread ...
 2.0 s  tick
 2.5 s  tick
 3.0 s  tick
 3.5 s  tick
 4.0 s  tick
 4.5 s  tick
 5.0 s  tick
 5.2 s  ... s = 42
 5.5 s  tick
 6.0 s  tick
 6.5 s  tick
 7.0 s  tick
`

func TestTicksGoOn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		heavy := func() int {
			time.Sleep(3200 * time.Millisecond) // in virtual time, a computation that takes just this long
			return 42
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { // waits for the heartbeat's end
			return thread(ctx, &out, heavy)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestSum(t *testing.T) {
	if got, want := sum(100_000_000), 1_799_999_937; got != want {
		t.Errorf("sum(100,000,000) = %d, want %d", got, want)
	}
}
