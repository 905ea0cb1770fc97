package aionet_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// shouter answers in capitals.
type shouter struct {
	aionet.BaseProtocol
	out *aionet.Transport
}

func (s *shouter) ConnectionMade(t *aionet.Transport) { s.out = t }

func (s *shouter) DataReceived(data []byte) { s.out.Write(bytes.ToUpper(data)) }

// caller says one thing, and prints what it hears.
type caller struct {
	aionet.BaseProtocol
	words string
	heard []byte
	over  asyncio.Event
}

func (c *caller) ConnectionMade(t *aionet.Transport) {
	t.Write([]byte(c.words))
	t.WriteEOF()
}

func (c *caller) DataReceived(data []byte) { c.heard = append(c.heard, data...) }

func (c *caller) ConnectionLost(err error) {
	fmt.Printf("heard %q, then %v\n", c.heard, err)
	c.over.Set()
}

func ExampleListener_ServeProtocol() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "localhost:0")
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.ServeProtocol(ctx, func() aionet.Protocol { return &shouter{} })
		})
		c := &caller{words: "hello"}
		if _, err := aionet.DialProtocol(ctx, "tcp", l.Addr().String(), func() aionet.Protocol { return c }); err != nil {
			return err
		}
		if err := c.over.Wait(ctx); err != nil {
			return err
		}
		if err := l.Shutdown(ctx); err != nil {
			return err
		}
		_, err = server.Await(ctx)
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: heard "HELLO", then <nil>
}
