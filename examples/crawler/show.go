package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

const (
	barEvery = 100 * time.Millisecond
	barWidth = 30

	eraseLine = "\r\x1b[K"
)

// show draws the bar until it is cancelled. It is drawn in another goroutine: a terminal
// may be slow, or stopped (Ctrl-S), and the crawler has other things to do.
func (c *crawler) show(ctx context.Context, terminal io.Writer) error {
	for {
		line := eraseLine + c.bar()
		if _, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
			io.WriteString(terminal, line) // if it fails there is nobody to be told
			return 0, nil
		}, asyncio.Abandon()); err != nil {
			return err
		}
		if err := asyncio.Sleep(ctx, barEvery); err != nil {
			return err
		}
	}
}

func (c *crawler) bar() string {
	done, all := len(c.seen)-c.pending, len(c.seen)
	full := barWidth * done / max(all, 1)
	return fmt.Sprintf("[%s%s] %d of %d pages, %d under way, %d stored",
		strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done, all, c.underWay, c.stored)
}

func (c *crawler) summary() string {
	var b strings.Builder
	if c.interrupted {
		fmt.Fprintf(&b, "interrupted; not visited: %d\n", c.pending)
	}
	fmt.Fprintf(&b, "pages: %d in %.1f s (%d fine, %d moved, %d failed), with %d further tries\n",
		c.fine+c.moved+c.failed, c.took.Seconds(), c.fine, c.moved, c.failed, c.retries)
	fmt.Fprintf(&b, "links not followed: %d to other sites, %d too deep, %d too many\n", c.elsewhere, c.tooDeep, c.tooMany)
	fmt.Fprintf(&b, "stored in %s: %d pages in %d batches\n", c.db, c.stored, c.batches)
	return b.String()
}
