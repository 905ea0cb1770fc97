package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// tunnel is two connections, and what passes between them.
type tunnel struct {
	client, server *aionet.Conn
	idle           time.Duration
	up, down       int64     // bytes that have passed
	moved          time.Time // when something did last
	ended          int       // directions
	over           asyncio.Event
}

// run passes things on until both sides have ended. If one fails, or nothing moves for
// too long, it returns an error.
func (t *tunnel) run(ctx context.Context, p *proxy) error {
	t.moved = time.Now()
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		asyncio.Go(ctx, func(context.Context) error { return t.pump(t.server, t.client, &t.up, &p.up) }, asyncio.Name("up"))
		asyncio.Go(ctx, func(context.Context) error { return t.pump(t.client, t.server, &t.down, &p.down) }, asyncio.Name("down"))
		return t.watch(ctx)
	})
}

// pump is one direction. It has a buffer, lent by the loop, only while there is
// something to write; and it reads no more until that has been written.
func (t *tunnel) pump(dst, src *aionet.Conn, counts ...*int64) error {
	for {
		b, err := src.Next()
		if err == io.EOF {
			t.ended++
			if t.ended == 2 {
				t.over.Set()
			}
			return dst.CloseWrite() // the other direction goes on
		}
		if err != nil {
			return err
		}
		err = t.write(dst, b, counts)
		src.Release()
		if err != nil {
			return err
		}
	}
}

// write writes b. It looks up in between: a slow reader is not an idle one.
func (t *tunnel) write(dst *aionet.Conn, b []byte, counts []*int64) error {
	for len(b) > 0 {
		dst.SetWriteDeadline(time.Now().Add(t.idle / 4))
		n, err := dst.Write(b)
		b = b[n:]
		for _, count := range counts {
			*count += int64(n)
		}
		if n > 0 {
			t.moved = time.Now()
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return nil
}

// watch waits until both directions have ended. It fails if nothing moves for too long.
// No timer is touched when something does.
func (t *tunnel) watch(ctx context.Context) error {
	for {
		left := t.idle - time.Since(t.moved)
		if left <= 0 {
			return fmt.Errorf("nothing has moved for %v", t.idle)
		}
		limited, cancel := asyncio.WithTimeout(ctx, left)
		err := t.over.Wait(limited)
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// close closes both connections. After an error it does so with a reset: if they ended
// as usual, either side might take what it has got for all there is.
func (t *tunnel) close(err error) {
	for _, c := range []*aionet.Conn{t.client, t.server} {
		if c == nil {
			continue
		}
		if err != nil {
			c.SetLinger(0)
		}
		c.Close()
	}
}
