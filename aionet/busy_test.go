package aionet_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// One task reads and one writes; another is refused, and harms neither.

func TestOneReader(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		task := reading(ctx, a)
		turns(ctx, t, 2)

		_, err := a.Read(make([]byte, 1))
		wantErr(t, "a second Read", err, aionet.ErrConnBusy)
		_, err = a.Next()
		wantErr(t, "Next beside Read", err, aionet.ErrConnBusy)
		_, err = a.WithContext(ctx).Read(make([]byte, 1))
		wantErr(t, "a view's Read", err, aionet.ErrConnBusy)
		raw, _ := a.SyscallConn()
		wantErr(t, "a raw Read", raw.Read(func(uintptr) bool { return true }), aionet.ErrConnBusy)
		_, err = asyncio.ToThread(ctx, func(context.Context) (int, error) { return a.Read(make([]byte, 1)) })
		wantErr(t, "another goroutine's Read", err, aionet.ErrConnBusy)

		write(t, a, "writing is another matter")
		write(t, b, "for the first")
		if got, err := task.Await(ctx); got != "for the first" || err != nil {
			t.Errorf("the first reader got %q, %v", got, err)
		}
		write(t, b, "next")
		wantRead(t, a, "next") // it is free again
	})
}

func TestOneWriter(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, b := pair(ctx, t)
		defer shut(t, a, b)
		const size = 32 << 20
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return a.Write(make([]byte, size)) })
		turns(ctx, t, 100)

		n, err := a.Write([]byte("in between"))
		wantErr(t, "a second Write", err, aionet.ErrConnBusy)
		if n != 0 {
			t.Errorf("%d bytes got in between", n)
		}
		got, zeros := 0, true
		for got < size {
			b, err := b.Next()
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range b {
				zeros = zeros && x == 0
			}
			got += len(b)
		}
		b.Release()
		if n, err := task.Await(ctx); n != size || err != nil {
			t.Errorf("the first writer: %d, %v", n, err)
		}
		if !zeros {
			t.Error("something else got in between")
		}
	})
}

// A write that never waits still yields. No other write comes in between.
func TestWrite_PartsAreNotInterleaved(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		a, far := peer(ctx, t)
		const size = 200 << 20
		drained := make(chan int)
		go func() { // as fast as it can
			n, b := 0, make([]byte, 1<<20)
			zeros, between := 0, false // zeros: bytes of the large Write
			for {
				k, err := far.Read(b)
				x := bytes.Count(b[:k], []byte("x"))
				between = between || x > 0 && zeros > 0 && zeros+k-x < size || bytes.Contains(bytes.Trim(b[:k], "x"), []byte("x"))
				zeros += k - x
				if n += k; err != nil {
					far.Close()
					if between {
						t.Error("a byte got in between")
					}
					drained <- n
					return
				}
			}
		}()
		task := asyncio.CreateTask(ctx, func(context.Context) (int, error) { return a.Write(make([]byte, size)) })
		refused := 0
		for task.Err() == asyncio.ErrNotDone {
			if _, err := a.Write([]byte("x")); err != nil {
				wantErr(t, "a second Write", err, aionet.ErrConnBusy)
				refused++
			}
			turns(ctx, t, 1)
		}
		if n, err := task.Await(ctx); n != size || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if refused == 0 {
			t.Error("no other task ran during the Write")
		}
		shut(t, a)
		if n, _, err := asyncio.Recv(ctx, drained); n < size || err != nil {
			t.Errorf("%d bytes arrived, %v", n, err)
		}
	})
}
