package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// proxy belongs to the loop: its numbers are plain variables.
type proxy struct {
	options
	log *slog.Logger
	out io.Writer

	open     int // connections that are there now
	served   int // those and all before
	failed   int // of served: refused, reset, idle for too long
	cut      int // of served: there still when time was up at the end
	up, down int64
}

func (p *proxy) String() string {
	return fmt.Sprintf("connections: %d open, %d in all, %d failed, %d cut; %s up, %s down",
		p.open, p.served, p.failed, p.cut, size(p.up), size(p.down))
}

// size is a number of bytes as people read it.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d bytes", n)
	}
	unit, v := 0, float64(n)
	for ; v >= 999.95; unit++ {
		v /= 1000
	}
	return fmt.Sprintf("%.1f %cB", v, " kMGTPE"[unit])
}

// serve serves until ctx is cancelled. It then ends in order.
func (p *proxy) serve(ctx context.Context, listener *aionet.Listener) error {
	own := context.WithoutCancel(ctx) // the end is ordered below
	if p.report > 0 {
		heart := asyncio.Go(own, p.beat, asyncio.Name("heartbeat"))
		defer func() {
			heart.Cancel(nil)
			heart.Await(own)
		}()
	}
	server := asyncio.Go(own, func(ctx context.Context) error { return listener.Serve(ctx, p.handle) }, asyncio.Name("server"))
	if _, err := server.Await(ctx); ctx.Err() == nil {
		return err
	}
	bound, cancel := asyncio.WithTimeout(own, p.drain)
	defer cancel()
	line := fmt.Sprintf("interrupted: what is open has %v to end; Ctrl-C again ends at once\n", p.drain)
	saying := asyncio.Go(bound, func(ctx context.Context) error { return p.say(ctx, line) }, asyncio.Name("interrupted"))
	listener.Shutdown(bound) // if time is up it cuts what is left, which is counted
	saying.Await(own)
	_, err := server.Await(own)
	return err
}

// handle is one connection.
func (p *proxy) handle(ctx context.Context, client *aionet.Conn) (err error) {
	began := time.Now()
	p.open++
	p.served++
	t := &tunnel{client: client, idle: p.idle}
	defer func() {
		p.open--
		switch {
		case ctx.Err() != nil:
			p.cut++
		case err != nil:
			p.failed++
		}
		t.close(err)
		p.log.Info("ended", "remote", client.RemoteAddr().String(), "up", t.up, "down", t.down, "after", time.Since(began))
	}()
	if t.server, err = p.dial(ctx); err != nil {
		return err
	}
	return t.run(ctx, p)
}

func (p *proxy) dial(ctx context.Context) (*aionet.Conn, error) {
	limited, cancel := asyncio.WithTimeout(ctx, p.connect)
	defer cancel()
	server, err := aionet.Dial(limited, "tcp", p.to)
	if limited.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("no connection to %s within %v", p.to, p.connect)
	}
	return server, err
}

// tick is how often the heart beats.
const tick = 10 * time.Millisecond

// beat says every so often what passes, and how late the heart was at worst since the
// line before: as late as everything else on the loop.
func (p *proxy) beat(ctx context.Context) error {
	for {
		worst := time.Duration(0)
		for began := time.Now(); time.Since(began) < p.report; {
			due := time.Now().Add(tick)
			if err := asyncio.Sleep(ctx, tick); err != nil {
				return err
			}
			worst = max(worst, time.Since(due))
		}
		line := fmt.Sprintf("at worst %.1f ms late; %s\n", float64(worst.Microseconds())/1000, p)
		if err := p.say(ctx, line); err != nil {
			return err
		}
	}
}

// say prints a line in another goroutine: whoever reads it may have stopped (Ctrl-S does
// it in a terminal), and the proxy has other things to do. Once ctx is cancelled it does
// not wait for that any more.
func (p *proxy) say(ctx context.Context, line string) error {
	_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) {
		io.WriteString(p.out, line) // if it fails there is nobody to be told
		return 0, nil
	}, asyncio.Abandon())
	return err
}
