package aionet_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func TestSmoke(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "localhost:0")
		if err != nil {
			return err
		}
		srv := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.Serve(ctx, func(ctx context.Context, c *aionet.Conn) error {
				_, err := io.Copy(c, c)
				return err
			})
		})
		c, err := aionet.Dial(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		r := bufio.NewReader(c)
		for i := range 10 {
			fmt.Fprintf(c, "hello %d\n", i)
			s, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			t.Log(s)
		}
		big := make([]byte, 8<<20)
		g := asyncio.Go(ctx, func(ctx context.Context) error { _, err := c.Write(big); c.CloseWrite(); return err })
		n, err := io.Copy(io.Discard, r)
		t.Log(n, err)
		if _, err := g.Await(ctx); err != nil {
			return err
		}
		// foreign
		c2, err := aionet.Dial(ctx, "tcp", l.Addr().String())
		if err != nil {
			return err
		}
		s, err := asyncio.ToThread(ctx, func(ctx context.Context) (string, error) {
			fmt.Fprintf(c2, "from a thread\n")
			return bufio.NewReader(c2).ReadString('\n')
		})
		t.Log(s, err)
		c2.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, err = c2.Read(make([]byte, 1))
		t.Log(err)
		var ne net.Error
		_ = ne
		tctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
		defer cancel()
		t.Log(l.Shutdown(tctx))
		_, err = srv.Await(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
