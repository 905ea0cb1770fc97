package main

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/asyncio-go/asyncio/asynciotest"
)

const wantSequence = `in sequence
  0.0 s  A starts
  2.0 s  A ends
  2.0 s  B starts
  4.0 s  B ends
  4.0 s  C starts
  6.0 s  C ends
  6.0 s  three jobs done
`

const wantGathered = `gathered
  0.0 s  A starts
  0.0 s  B starts
  0.0 s  C starts
  2.0 s  A ends
  2.0 s  B ends
  2.0 s  C ends
  2.0 s  three jobs done: [result of A result of B result of C]
`

func TestSequenceTakesSixSeconds(t *testing.T) { check(t, inSequence, wantSequence) }

func TestGatherTakesTwoSeconds(t *testing.T) { check(t, gathered, wantGathered) }

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
