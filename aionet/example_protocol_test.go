package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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

// A client and a server on one loop, each a Protocol.
func ExampleProtocol() {
	run(func(ctx context.Context) error {
		var a, b aionet.Protocol = &caller{words: "hello"}, &shouter{}
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		server := asyncio.Go(ctx, func(ctx context.Context) error {
			return l.ServeProtocol(ctx, func() aionet.Protocol { return b })
		})
		if _, err := aionet.DialProtocol(ctx, "tcp", l.Addr().String(), func() aionet.Protocol { return a }); err != nil {
			return err
		}
		err = l.Shutdown(ctx) // when the connection has ended
		server.Await(ctx)
		return errors.Join(err, a.(*caller).over.Wait(ctx))
	})
	// Output: heard "HELLO", then <nil>
}

// DialProtocol returns after ConnectionMade, which has written.
func ExampleDialProtocol() {
	run(func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		c := &caller{words: "hello"}
		t, err := aionet.DialProtocol(ctx, "tcp", l.Addr().String(), func() aionet.Protocol { return c })
		if err != nil {
			return err
		}
		other, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		words, err := io.ReadAll(other)
		fmt.Println(string(words))
		t.Close()
		return errors.Join(err, c.over.Wait(ctx), other.Close())
	})
	// Output:
	// hello
	// heard "", then <nil>
}

// A clock tells the time to everybody who connects, and needs no other callback.
type clock struct{ aionet.BaseProtocol }

func (clock) ConnectionMade(t *aionet.Transport) {
	fmt.Fprint(t, "four o'clock")
	t.Close()
}

func ExampleBaseProtocol() {
	run(func(ctx context.Context) error {
		_, other := linked(ctx, clock{})
		text, err := io.ReadAll(other)
		fmt.Println(string(text))
		return errors.Join(err, other.Close())
	})
	// Output: four o'clock
}

// A client that only writes needs no ConnectionMade: DialProtocol returns the transport.
func ExampleBaseProtocol_ConnectionMade() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, aionet.BaseProtocol{})
		fmt.Fprint(t, "hello")
		t.Close()
		text, err := io.ReadAll(other)
		fmt.Println(string(text))
		return errors.Join(err, other.Close())
	})
	// Output: hello
}

// The discard protocol (RFC 863): received data is ignored.
func ExampleBaseProtocol_DataReceived() {
	run(func(ctx context.Context) error {
		_, other := linked(ctx, aionet.BaseProtocol{})
		fmt.Fprint(other, "nobody cares")
		other.CloseWrite()
		answer, err := io.ReadAll(other)
		fmt.Printf("%q\n", answer)
		return errors.Join(err, other.Close())
	})
	// Output: ""
}

// When the peer has closed its direction, the connection is closed.
func ExampleBaseProtocol_EOFReceived() {
	run(func(ctx context.Context) error {
		w := &witness{}
		_, other := linked(ctx, w)
		other.CloseWrite()
		return errors.Join(w.over.Wait(ctx), other.Close())
	})
	// Output: lost: <nil>
}

// A protocol without ConnectionLost can call IsClosing.
func ExampleBaseProtocol_ConnectionLost() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, aionet.BaseProtocol{})
		beat := asyncio.Go(t.Context(), func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		other.Close()
		beat.Await(ctx) // the connection's tasks end with it
		fmt.Println(t.IsClosing())
		return nil
	})
	// Output: true
}

// A protocol that ignores PauseWriting buffers all that it writes.
func ExampleBaseProtocol_PauseWriting() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, aionet.BaseProtocol{})
		t.Write(unsent())
		fmt.Println("more than the mark of 64 KiB:", t.WriteBufferSize() > 64<<10)
		t.Abort()
		return other.Close()
	})
	// Output: more than the mark of 64 KiB: true
}

// Buffered data is sent as the peer reads.
func ExampleBaseProtocol_ResumeWriting() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, aionet.BaseProtocol{})
		t.Write(unsent())
		_, err := io.CopyN(io.Discard, other, int64(len(unsent())))
		fmt.Println(t.WriteBufferSize())
		t.Close()
		return errors.Join(err, other.Close())
	})
	// Output: 0
}
