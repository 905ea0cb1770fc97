package main

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestGreet(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		start := time.Now()
		if err := greet(ctx, &out, "Ada"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != time.Second { // the clock is virtual: exact, and no waiting
			t.Errorf("took %v, want 1s", took)
		}
		if got, want := out.String(), "Hello, Ada.\nGoodbye, Ada.\n"; got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
