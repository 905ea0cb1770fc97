package main

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/asyncio-go/asyncio"
)

const want = `main: saving in the background
main: all is well, or so it seems
`

// asynciotest.Run would fail this test, as it fails every test that loses an
// error; so the program runs on a loop of its own in a bubble of virtual time.
func TestForgottenErrorIsReportedAndReturned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		var reports []error
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			return forget(ctx, &out)
		}, asyncio.WithErrorHandler(func(u asyncio.Unhandled) { reports = append(reports, u.Err) }))

		if !errors.Is(err, errDiskFull) {
			t.Errorf("Run returned %v, want the forgotten task's error, %v", err, errDiskFull)
		}
		if len(reports) != 1 || !errors.Is(reports[0], errDiskFull) {
			t.Errorf("reported: %v, want %v once", reports, errDiskFull)
		}
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}
