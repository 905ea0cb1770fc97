package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/asyncio-go/asyncio/asynciotest"
)

const wantKept = `kept task: saving in the background
kept task: failed: disk full
`

const wantResults = `order 1: failed: disk full
order 2: 200 bytes written
order 3: failed: disk full
order 4: 400 bytes written
`

func TestKeepTheTask(t *testing.T) { check(t, keepTheTask, wantKept) }

func TestResultsWithErrors(t *testing.T) { check(t, resultsWithErrors, wantResults) }

// check relies on asynciotest.Run, which fails a test that leaves an error unreceived.
func check(t *testing.T, program func(context.Context, io.Writer) error, want string) {
	t.Helper()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		if err := program(ctx, &out); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
