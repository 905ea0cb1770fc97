package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A server logs at most ten lines of one failure in a minute.

type handlerOf = func(ctx context.Context, c *aionet.Conn) error

func fails(text string) handlerOf {
	return func(context.Context, *aionet.Conn) error { return errors.New(text) }
}

func panics(v any) handlerOf {
	return func(context.Context, *aionet.Conn) error { panic(v) }
}

// logged serves a connection with each handler, one after another, in virtual time, and
// returns the lines of failed handlers and of OnError.
func logged(t *testing.T, handlers []handlerOf, pause func(i int) time.Duration, opts ...aionet.ListenOption) []string {
	t.Helper()
	var book logbook
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		begun := 0
		l, end := serve(ctx, t, func(ctx context.Context, c *aionet.Conn) error {
			begun++
			return handlers[begun-1](ctx, c)
		}, opts...)
		for i := range handlers {
			c := dial(ctx, t, l.Addr())
			wantEOF(t, c)
			shut(t, c)
			if pause != nil {
				asyncio.Sleep(ctx, pause(i))
			}
		}
		end()
	}, asynciotest.AllowHandlerErrors(), asyncio.WithLogger(slog.New(&book)))
	return append(book.containing("a connection failed"), book.containing("OnError panicked")...)
}

func repeat(n int, h handlerOf) (all []handlerOf) {
	for range n {
		all = append(all, h)
	}
	return all
}

func TestRepeatedLinesAreLimited(t *testing.T) {
	usual := repeat(50, fails("no such page"))
	elsewhere := func(context.Context, *aionet.Conn) error { panic("boom elsewhere") }
	var various []handlerOf
	for i := range 200 {
		various = append(various, fails(fmt.Sprint("no order ", i)))
	}
	var panicsOf []handlerOf
	for i := range 200 {
		panicsOf = append(panicsOf, panics(fmt.Sprint("no index ", i)))
	}
	for name, c := range map[string]struct {
		handlers []handlerOf
		lines    int
		want     []string // texts, each in one of the lines
		opts     []aionet.ListenOption
	}{
		"one error":            {handlers: usual, lines: 11, want: []string{"suppressed=40"}},
		"then another":         {handlers: append(usual[:50:50], fails("no such user")), lines: 12, want: []string{"no such user", "suppressed=40"}},
		"then a panic":         {handlers: append(usual[:50:50], panics("boom")), lines: 12, want: []string{"panic: boom", "loglimit_test.go:"}},
		"then its text panics": {handlers: append(usual[:50:50], panics(errors.New("no such page"))), lines: 12, want: []string{"panic: no such page"}},
		"two panics":           {handlers: append(repeat(50, panics("boom")), panics("bang")), lines: 12, want: []string{"panic: bang", "suppressed=40"}},
		"two places panic": {handlers: append(repeat(50, panics("boom")),
			func(context.Context, *aionet.Conn) error { panic("boom") }), lines: 12, want: []string{"suppressed=40"}},
		"two nil pointers": {handlers: append(repeat(50, func(context.Context, *aionet.Conn) error { var c *aionet.Conn; return c.Close() }),
			func(context.Context, *aionet.Conn) error { var p *int; *p = 1; return nil }), lines: 12, want: []string{"suppressed=40"}},
		"many errors":        {handlers: various, lines: 64 + 10 + 1, want: []string{"no order 63", "no order 73", "suppressed=126"}},
		"many, then a panic": {handlers: append(various[:200:200], panics("boom")), lines: 64 + 10 + 1 + 1, want: []string{"panic: boom"}},
		"many panics":        {handlers: append(panicsOf, elsewhere), lines: 64 + 10 + 1 + 1, want: []string{"no index 63", "panic: boom elsewhere"}},
		"an error with the remote address": {handlers: repeat(50, func(_ context.Context, c *aionet.Conn) error {
			return fmt.Errorf("no access from %v", c.RemoteAddr())
		}), lines: 11, want: []string{"suppressed=40"}},
		"an error whose text panics": {handlers: repeat(50, func(context.Context, *aionet.Conn) error { return mute{} }), lines: 11, want: []string{"suppressed=40"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines := logged(t, c.handlers, nil, c.opts...)
			if len(lines) != c.lines {
				t.Errorf("%d lines, want %d", len(lines), c.lines)
			}
			for _, want := range c.want {
				if !strings.Contains(strings.Join(lines, "\n"), want) {
					t.Errorf("no line has %q; the last is %q", want, lines[len(lines)-1:])
				}
			}
		})
	}
}

// mute is an error whose method panics.
type mute struct{}

func (mute) Error() string { panic("mute") }

// The suppressed lines are counted after the minute, even if the failure is not repeated.
func TestSuppressedLinesAreCounted(t *testing.T) {
	minute := func(i int) time.Duration {
		if i == 49 {
			return time.Minute
		}
		return 0
	}
	for name, then := range map[string]handlerOf{"the same": fails("no such page"), "another": fails("no such user")} {
		lines := logged(t, append(repeat(50, fails("no such page")), then), minute)
		if len(lines) != 12 || !strings.Contains(lines[10], "suppressed=40") {
			t.Errorf("%s: %d lines, want 12: %q", name, len(lines), lines[10:])
		}
		if strings.Contains(lines[len(lines)-1], "suppressed") {
			t.Errorf("%s: the last line counts again: %q", name, lines[len(lines)-1])
		}
	}
}
