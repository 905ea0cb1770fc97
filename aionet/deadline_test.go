package aionet_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Deadlines count for calls that wait and for later ones, and go by the loop's clock.

var (
	past   = time.Unix(1, 0)
	future = func() time.Time { return time.Now().Add(time.Hour) }
)

// wantTimeout checks an error as users of package net would.
func wantTimeout(t *testing.T, what string, err error) {
	t.Helper()
	wantErr(t, what, err, os.ErrDeadlineExceeded)
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("%s: %v is not a net.Error with Timeout", what, err)
	}
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Errorf("%s: %v is not a *net.OpError", what, err)
	}
}

func TestDeadlineInThePast(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		write(t, b, "there")
		a.SetReadDeadline(past)
		_, err := a.Read(make([]byte, 10))
		wantTimeout(t, "Read of received data", err)
		_, err = a.Next()
		wantTimeout(t, "Next", err)
		write(t, a, "writing is another matter")

		a.SetDeadline(past)
		_, err = a.Write([]byte("x"))
		wantTimeout(t, "Write", err)

		a.SetDeadline(time.Time{})
		wantRead(t, a, "there")
		write(t, a, "x")
	})
}

func TestDeadline_WakesWaitingCalls(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		a.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		_, err := a.Read(make([]byte, 10))
		wantTimeout(t, "Read", err)
		a.SetReadDeadline(time.Time{})
		write(t, b, "x")
		wantRead(t, a, "x") // a time-out is not the end

		const size = 64 << 20
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return a.Write(make([]byte, size)) })
		turns(ctx, t, 200)
		a.SetWriteDeadline(time.Now().Add(5 * time.Millisecond))
		n, err := task.Await(ctx)
		wantTimeout(t, "Write to a peer that does not read", err)
		if n == 0 || n == size {
			t.Errorf("Write says that %d bytes were written", n)
		}
	})
}

// moveDeadline starts a reader with one deadline and then changes the deadline.
func moveDeadline(t *testing.T, first time.Time, then func(c *aionet.Conn), after func(ctx context.Context, far *aionet.Conn, task *asyncio.Task[string])) {
	t.Helper()
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		a.SetReadDeadline(first)
		task := reading(ctx, a)
		turns(ctx, t, 2)
		then(a)
		after(ctx, b, task)
	})
}

func TestDeadlineMovedWhileWaiting(t *testing.T) {
	timesOut := func(ctx context.Context, _ *aionet.Conn, task *asyncio.Task[string]) {
		_, err := task.Await(ctx)
		wantTimeout(t, "Read", err)
	}
	t.Run("set to the past", func(t *testing.T) {
		moveDeadline(t, time.Time{}, func(c *aionet.Conn) { c.SetReadDeadline(past) }, timesOut)
	})
	t.Run("brought forward", func(t *testing.T) {
		moveDeadline(t, future(), func(c *aionet.Conn) { c.SetDeadline(time.Now().Add(time.Millisecond)) }, timesOut)
	})
	t.Run("by another goroutine", func(t *testing.T) {
		moveDeadline(t, future(), func(c *aionet.Conn) { go c.SetReadDeadline(past) }, timesOut)
	})
	// postpone moves a near deadline to later. One that had passed when it was moved shows
	// nothing, however slow the machine: then it tries again with one less near.
	postpone := func(t *testing.T, later time.Time) {
		for near, moved := 20*time.Millisecond, false; !moved; near *= 2 {
			first := time.Now().Add(near)
			moveDeadline(t, first, func(c *aionet.Conn) {
				c.SetReadDeadline(later)
				moved = time.Now().Before(first)
			}, func(ctx context.Context, far *aionet.Conn, task *asyncio.Task[string]) {
				asyncio.Sleep(ctx, time.Until(first)+10*time.Millisecond)
				write(t, far, "late")
				if got, err := task.Await(ctx); moved && (got != "late" || err != nil) {
					t.Errorf("read %q, %v", got, err)
				}
			})
		}
	}
	t.Run("extended", func(t *testing.T) { postpone(t, future()) })
	t.Run("cleared", func(t *testing.T) { postpone(t, time.Time{}) })
}

func TestDeadlineFarAway(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		for _, at := range []time.Time{future(), time.Now().AddDate(1000, 0, 0), time.Unix(1<<40, 0)} {
			if err := a.SetDeadline(at); err != nil {
				t.Errorf("SetDeadline(%v): %v", at, err)
			}
			write(t, b, "x")
			wantRead(t, a, "x")
			write(t, a, "y")
			wantRead(t, b, "y")
		}
		if err := a.SetDeadline(time.Unix(-1<<40, 0)); err != nil {
			t.Error(err)
		}
		_, err := a.Read(make([]byte, 1))
		wantTimeout(t, "a deadline before all clocks", err)
	})
}
