package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// Between "computing" and its result there is not one tick.
const want = ` 0.0 s  tick
 0.5 s  tick
 1.0 s  tick
 1.5 s  tick
 2.0 s  computing in the coroutine ...
 5.2 s  ... s = 42
 5.2 s  tick
 5.7 s  tick
 6.2 s  tick
 6.7 s  tick
`

func TestTicksStop(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		heavy := func() int {
			time.Sleep(3200 * time.Millisecond) // in virtual time, a computation that takes just this long
			return 42
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { // waits for the heartbeat's end
			return block(ctx, &out, heavy)
		})
		if err != nil {
			t.Fatal(err)
		}
		// A tick due at the very instant of the cancel may come or not.
		if got := strings.TrimSuffix(out.String(), " 7.2 s  tick\n"); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	}, asynciotest.AllowStalls())
}

func TestSum(t *testing.T) {
	if got, want := sum(100_000_000), 1_799_999_937; got != want {
		t.Errorf("sum(100,000,000) = %d, want %d", got, want)
	}
}
