package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// The loop's buffers: Next, Release and WriteTo.

func TestNext(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		write(t, b, "first")
		p, err := a.Next()
		if err != nil || string(p) != "first" {
			t.Fatalf("Next: %q, %v", p, err)
		}
		write(t, b, "second")
		if p, err = a.Next(); err != nil || string(p) != "second" {
			t.Errorf("Next: %q, %v", p, err)
		}
		a.Release()
		a.Release() // nothing is lent: nothing happens
		b.CloseWrite()
		if p, err = a.Next(); p != nil || err != io.EOF {
			t.Errorf("Next at the end: %q, %v", p, err)
		}
	})
}

// A buffer belongs to one connection until it is released.
func TestNext_BuffersAreSeparate(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		c, d := pair(ctx, t)
		defer shut(t, a, b, c, d)
		write(t, b, "mine")
		write(t, d, "yours")
		mine, err := a.Next()
		if err != nil {
			t.Fatal(err)
		}
		yours, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		if string(mine) != "mine" || string(yours) != "yours" {
			t.Errorf("%q and %q", mine, yours)
		}
		a.Release()
		write(t, b, "again")
		if mine, err = a.Next(); err != nil || string(mine) != "again" || string(yours) != "yours" {
			t.Errorf("%q, %v and %q", mine, err, yours)
		}
	})
}

// failing writes so many bytes and then fails.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left < len(p) {
		return f.left, f.err
	}
	f.left -= len(p)
	return len(p), nil
}

func TestWriteTo(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		sent := make([]byte, 3<<20)
		random := rand.New(rand.NewPCG(1, 2))
		for i := range sent {
			sent[i] = byte(random.Uint32())
		}
		task := asyncio.Go(ctx, func(context.Context) error {
			defer b.CloseWrite()
			_, err := b.Write(sent)
			return err
		})
		var got bytes.Buffer
		if n, err := io.Copy(&got, a); n != int64(len(sent)) || err != nil || !bytes.Equal(got.Bytes(), sent) {
			t.Errorf("WriteTo: %d, %v", n, err)
		}
		if _, err := task.Await(ctx); err != nil {
			t.Errorf("Write: %v", err)
		}
		shut(t, a, b)
	})
}

// WriteTo does not reuse a buffer while the writer uses it. Another reader gets ErrConnBusy,
// and a read in the same task gets another buffer.
func TestWriteTo_KeepsTheBufferDuringWrite(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		c, d := pair(ctx, t)
		write(t, b, "first")
		write(t, d, "other")
		slow := writerFunc(func(p []byte) (int, error) {
			if string(p) != "first" {
				return len(p), nil
			}
			write(t, b, "second")
			if got, err := a.Next(); string(got) != "second" || err != nil {
				t.Errorf("Next: %q, %v", got, err)
			}
			a.Release()
			task := asyncio.Go(ctx, func(context.Context) error {
				_, err := a.Next()
				wantErr(t, "Next of another task", err, aionet.ErrConnBusy)
				got, err := c.Next()
				if string(got) != "other" || err != nil {
					t.Errorf("Next of another connection: %q, %v", got, err)
				}
				return b.CloseWrite()
			})
			if _, err := task.Await(ctx); err != nil {
				t.Error(err)
			}
			if string(p) != "first" {
				t.Errorf("the writer has %q, want %q", p, "first")
			}
			return len(p), nil
		})
		if _, err := io.Copy(slow, a); err != nil {
			t.Errorf("Copy: %v", err)
		}
		shut(t, a, b, c, d)
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestWriteTo_ReturnsTheWritersError(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		errFull := errors.New("full")
		write(t, b, "0123456789")
		if n, err := a.WriteTo(&failing{3, errFull}); n != 3 || err != errFull {
			t.Errorf("WriteTo: %d, %v", n, err)
		}
		write(t, b, "0123456789")
		if n, err := a.WriteTo(&failing{3, nil}); n != 3 || err != io.ErrShortWrite {
			t.Errorf("WriteTo a writer that writes too little: %d, %v", n, err)
		}
		a.SetReadDeadline(past)
		n, err := a.WriteTo(io.Discard)
		wantTimeout(t, "WriteTo", err)
		if n != 0 {
			t.Errorf("%d bytes", n)
		}
	})
}

// A proxy in both directions, by io.Copy.
func TestConnToConn(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		client, in := pair(ctx, t)
		out, server := pair(ctx, t)
		proxy := asyncio.Go(ctx, func(ctx context.Context) error {
			return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, func(context.Context) error {
					defer out.CloseWrite()
					_, err := io.Copy(out, in)
					return err
				})
				defer in.CloseWrite()
				_, err := io.Copy(in, out)
				return err
			})
		})
		echo := asyncio.Go(ctx, func(context.Context) error {
			defer server.CloseWrite()
			_, err := io.Copy(server, server)
			return err
		})
		sent := bytes.Repeat([]byte("there and back "), 100_000)
		send := asyncio.Go(ctx, func(context.Context) error {
			defer client.CloseWrite()
			_, err := client.Write(sent)
			return err
		})
		got, err := io.ReadAll(client)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came back, %v; want %d", len(got), err, len(sent))
		}
		for _, task := range []*asyncio.Task[struct{}]{proxy, echo, send} {
			if _, err := task.Await(ctx); err != nil {
				t.Error(err)
			}
		}
		shut(t, client, in, out, server)
	})
}

// A task in Next holds the reading direction, also when it yields after a read. Otherwise another
// reader could release its buffer.
func TestOneReaderInNext(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		const size = 16 << 20
		inside, refused := false, 0
		reader := asyncio.Go(ctx, func(context.Context) error {
			random := rand.New(rand.NewPCG(1, 2))
			one := make([]byte, 1)
			for got := 0; ; {
				for range random.IntN(64) { // a turn is given up after so many calls
					if n, err := a.Read(one); n == 1 && err == nil && one[0] == pattern(got) {
						got++
					}
				}
				inside = true
				p, err := a.Next()
				inside = false
				if err != nil {
					if got != size {
						t.Errorf("%d bytes came of %d, and %v", got, size, err)
					}
					return nil
				}
				for i, x := range p {
					if x != pattern(got+i) {
						t.Fatalf("byte %d is %d, want %d", got+i, x, pattern(got+i))
					}
				}
				got += len(p)
			}
		}, asyncio.Name("reader"))
		asyncio.Go(ctx, func(context.Context) error {
			all := make([]byte, size)
			for i := range all {
				all[i] = pattern(i)
			}
			if _, err := b.Write(all); err != nil {
				t.Errorf("Write: %v", err)
			}
			return b.CloseWrite()
		}, asyncio.Name("writer"))
		for over := false; !over; turns(ctx, t, 1) {
			select {
			case <-reader.Done():
				over = true
			default:
			}
			if inside {
				p, err := a.Next()
				wantErr(t, "Next beside a reader", err, aionet.ErrConnBusy)
				if refused++; err == nil {
					t.Fatalf("%d bytes were read beside the reader", len(p))
				}
			}
		}
		if refused == 0 {
			t.Error("no call returned ErrConnBusy")
		}
	})
}
