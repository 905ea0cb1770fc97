package aionet_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The end that came together with the last bytes, before they were read, is not told
// of again: a read that gets less than there is room for must not take it for silence.
func TestEndThatCameWithTheLastBytes(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		c, err := aionet.Dial(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		served, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		served.SetReadDeadline(time.Now().Add(time.Millisecond)) // the loop hears of what comes
		if _, err := served.Read(make([]byte, 1)); err == nil {
			t.Fatal("a silent connection was read")
		}
		served.SetReadDeadline(time.Now().Add(10 * time.Second))
		c.Write([]byte("last"))
		c.Close()
		// Both are there when the loop asks the system.
		for range 2 {
			if _, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) { return struct{}{}, nil }); err != nil {
				return err
			}
		}
		got, err := io.ReadAll(served)
		if string(got) != "last" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		return errors.Join(served.Close(), l.Close())
	})
	if err != nil {
		t.Error(err)
	}
}
