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

// What somebody outside sees of a loop that is blocked: a client asks the loop over
// TCP, again and again, and does not wait longer than its patience for an answer. It
// runs on a loop of its own, which nothing blocks.

const (
	patience = 300 * time.Millisecond
	askEvery = 100 * time.Millisecond
	askFirst = 33 * time.Millisecond // out of step with the heartbeat
)

// serve answers clients, on the loop of the heartbeat, until it is cancelled.
func serve(ctx context.Context, l *aionet.Listener) error {
	return l.Serve(ctx, func(_ context.Context, conn *aionet.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	})
}

// ask is the client. It asks until ctx is cancelled.
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
			c.hangUp() // the answer would come to another question
		case err != nil:
			return err
		}
		if late := time.Since(next); late > askEvery {
			next = next.Add(late.Truncate(askEvery)) // what the patience took
		}
		if err := asyncio.Sleep(ctx, time.Until(next.Add(askEvery))); err != nil {
			return nil
		}
	}
}

type client struct {
	addr string
	conn *aionet.Conn // nil: to be dialled
}

// ask sends a question and waits for the answer.
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
