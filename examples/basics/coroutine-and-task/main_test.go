package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/asyncio-go/asyncio/asynciotest"
)

const want = `0.0 s  one coroutine and one task made
0.0 s  worker 20 starts
0.5 s  now awaiting the coroutine
0.5 s  worker 10 starts
1.0 s  worker 20 ends
1.5 s  worker 10 ends
1.5 s  coroutine: 20, task: 40
`

func TestCompare(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		if err := compare(ctx, &out); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
