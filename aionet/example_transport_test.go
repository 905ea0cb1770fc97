package aionet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A witness prints the callbacks that it gets, except those of BaseProtocol.
type witness struct {
	aionet.BaseProtocol
	over asyncio.Event
}

func (w *witness) DataReceived(data []byte) { fmt.Printf("got %q\n", data) }

func (w *witness) ConnectionLost(err error) {
	fmt.Println("lost:", err)
	w.over.Set()
}

// linked returns a transport with the protocol p, and its peer, for the examples.
func linked(ctx context.Context, p aionet.Protocol) (*aionet.Transport, *aionet.Conn) {
	listener, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	t, err := aionet.DialProtocol(ctx, "tcp", listener.Addr().String(), func() aionet.Protocol { return p })
	if err != nil {
		panic(err)
	}
	other, err := listener.Accept(ctx)
	if err != nil {
		panic(err)
	}
	return t, other
}

// unsent returns more data than the buffers of a connection hold.
func unsent() []byte { return make([]byte, 16<<20) }

// A transport is an io.Writer that never waits.
func ExampleTransport() {
	run(func(ctx context.Context) error {
		w := &witness{}
		t, other := linked(ctx, w)
		fmt.Fprintf(t, "%d green bottles", 10)
		t.Close() // when that is sent
		text, err := io.ReadAll(other)
		fmt.Println(string(text))
		return errors.Join(err, w.over.Wait(ctx), other.Close())
	})
	// Output:
	// lost: <nil>
	// 10 green bottles
}

func ExampleTransport_Write() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		defer other.Close()
		n, err := t.Write([]byte("hello"))
		fmt.Println(n, err)
		t.Close()
		_, err = t.Write([]byte("too late"))
		fmt.Println(errors.Is(err, net.ErrClosed))
		return nil
	})
	// Output:
	// 5 <nil>
	// true
}

// The client closes its direction after the request and reads the response.
func ExampleTransport_WriteEOF() {
	run(func(ctx context.Context) error {
		w := &witness{}
		t, other := linked(ctx, w)
		fmt.Fprint(t, "a question")
		t.WriteEOF()
		question, err := io.ReadAll(other)
		if err != nil {
			return err
		}
		fmt.Fprintf(other, "an answer to %s", question)
		return errors.Join(other.Close(), w.over.Wait(ctx))
	})
	// Output:
	// got "an answer to a question"
	// lost: <nil>
}

func ExampleTransport_Close() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		t.Write(unsent())
		t.Close() // nothing is dropped
		n, err := io.Copy(io.Discard, other)
		fmt.Println(int(n) == len(unsent()))
		return errors.Join(err, other.Close())
	})
	// Output: true
}

// Abort is for a peer that does not read: Close would wait for it.
func ExampleTransport_Abort() {
	run(func(ctx context.Context) error {
		w := &witness{}
		t, other := linked(ctx, w)
		t.Write(unsent())
		t.Abort()
		return errors.Join(w.over.Wait(ctx), other.Close())
	})
	// Output: lost: <nil>
}

// A task of the connection may await. It is cancelled when the connection is lost.
func ExampleTransport_Context() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		beat := asyncio.Go(t.Context(), func(ctx context.Context) error {
			for {
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
				fmt.Fprintln(t, "still here")
			}
		})
		var line string
		fmt.Fscanln(other, &line)
		fmt.Println(line)
		other.Close()
		_, err := beat.Await(ctx)
		fmt.Println(errors.Is(err, asyncio.ErrTaskCancelled))
		return nil
	})
	// Output:
	// still
	// true
}

func ExampleTransport_Control() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		defer other.Close()
		err := t.Control(func(fd uintptr) { fmt.Println("it has a descriptor") })
		t.Close()
		return err
	})
	// Output: it has a descriptor
}

func ExampleTransport_IsClosing() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		defer other.Close()
		fmt.Println(t.IsClosing())
		t.Close()
		fmt.Println(t.IsClosing())
		return nil
	})
	// Output:
	// false
	// true
}

func ExampleTransport_LocalAddr() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		fmt.Println(t.LocalAddr().String() == other.RemoteAddr().String())
		t.Close()
		return other.Close()
	})
	// Output: true
}

func ExampleTransport_RemoteAddr() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		fmt.Println(t.RemoteAddr().Network())
		t.Close()
		return other.Close()
	})
	// Output: tcp
}

// A time-out with a timer and without a task.
func ExampleTransport_Loop() {
	run(func(ctx context.Context) error {
		w := &witness{}
		t, other := linked(ctx, w)
		t.Loop().CallLater(time.Millisecond, func() {
			fmt.Println("silent for too long")
			t.Abort()
		})
		return errors.Join(w.over.Wait(ctx), other.Close())
	})
	// Output:
	// silent for too long
	// lost: <nil>
}

func ExampleTransport_PauseReading() {
	run(func(ctx context.Context) error {
		w := &witness{}
		t, other := linked(ctx, w)
		t.PauseReading()
		fmt.Fprint(other, "hello")
		asyncio.Sleep(ctx, 5*time.Millisecond)
		fmt.Println("nothing yet")
		t.ResumeReading()
		return errors.Join(other.Close(), w.over.Wait(ctx))
	})
	// Output:
	// nothing yet
	// got "hello"
	// lost: <nil>
}

// A worker handles one piece of data at a time. Further data waits in the receive buffer.
func ExampleTransport_ResumeReading() {
	run(func(ctx context.Context) error {
		w := &witness{}
		t, other := linked(ctx, w)
		t.PauseReading()
		t.Loop().CallLater(time.Millisecond, func() {
			fmt.Println("ready for more")
			t.ResumeReading()
		})
		fmt.Fprint(other, "more")
		return errors.Join(other.Close(), w.over.Wait(ctx))
	})
	// Output:
	// ready for more
	// got "more"
	// lost: <nil>
}

func ExampleTransport_SetWriteBufferLimits() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &generator{})
		t.SetWriteBufferLimits(1<<20, 1<<10)
		t.Write(unsent())
		t.Abort()
		return other.Close()
	})
	// Output: paused with more than 1 MiB: true
}

// A generator is paused when it produces too fast.
type generator struct {
	aionet.BaseProtocol
	out *aionet.Transport
}

func (g *generator) ConnectionMade(t *aionet.Transport) { g.out = t }

func (g *generator) PauseWriting() {
	fmt.Println("paused with more than 1 MiB:", g.out.WriteBufferSize() > 1<<20)
}

func ExampleTransport_WriteBufferSize() {
	run(func(ctx context.Context) error {
		t, other := linked(ctx, &aionet.BaseProtocol{})
		defer other.Close()
		fmt.Println(t.WriteBufferSize())
		t.Write(unsent())
		fmt.Println(t.WriteBufferSize() > 0)
		t.Abort()
		return nil
	})
	// Output:
	// 0
	// true
}
