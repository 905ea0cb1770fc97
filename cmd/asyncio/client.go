package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The client shows the effect of a blocked loop on other programs. It sends requests to the loop
// over TCP, and waits for at most patience for each response. It runs on another loop, which is not
// blocked.

const (
	patience = 300 * time.Millisecond
	askEvery = 100 * time.Millisecond
	askFirst = 33 * time.Millisecond // not at the same time as the heartbeat
)

// serve answers clients, on the loop of the heartbeat, until ctx is cancelled.
func serve(ctx context.Context, l *aionet.Listener) error {
	return l.Serve(ctx, func(_ context.Context, conn *aionet.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	})
}

// ask is the client. It sends requests until ctx is cancelled.
func ask(ctx context.Context, addr string, rec *recorder) error {
	c := &client{addr: addr}
	defer c.hangUp()
	if err := asyncio.Sleep(ctx, askFirst); err != nil {
		return nil
	}
	for next := time.Now(); ; next = next.Add(askEvery) {
		rec.asked()
		bound, cancel := asyncio.WithTimeout(ctx, patience)
		err := c.ask(bound)
		cancel()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
			rec.unanswered()
			c.hangUp() // a late response would be taken for that of the next request
		case err != nil:
			return err
		}
		if late := time.Since(next); late > askEvery {
			next = next.Add(late.Truncate(askEvery)) // skip the requests that were due during the timeout
		}
		if err := asyncio.Sleep(ctx, time.Until(next.Add(askEvery))); err != nil {
			return nil
		}
	}
}

type client struct {
	addr string
	conn *aionet.Conn // nil: not connected
}

// ask sends a request and waits for the response.
func (c *client) ask(ctx context.Context) (err error) {
	if c.conn == nil {
		if c.conn, err = aionet.Dial(ctx, "tcp", c.addr); err != nil {
			return err
		}
	}
	conn := c.conn.WithContext(ctx)
	if _, err := io.WriteString(conn, "?"); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	return err
}

func (c *client) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
