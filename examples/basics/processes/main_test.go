package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
	"github.com/asyncio-go/asyncio/procpool"
)

func TestMain(m *testing.M) {
	procpool.Main() // the workers of the test are the test, started again
	os.Exit(m.Run())
}

// Not one tick is missing or late.
const want = ` 0.0 s  tick
 0.5 s  tick
 1.0 s  tick
 1.5 s  tick
 2.0 s  computing in a process ...
 2.0 s  tick
 2.5 s  tick
 3.0 s  tick
 3.5 s  tick
 4.0 s  tick
 4.5 s  tick
 5.0 s  tick
 5.2 s  ... s = 42
 5.5 s  tick
 6.0 s  tick
 6.5 s  tick
 7.0 s  tick
`

func TestTicksGoOn(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		var out bytes.Buffer
		heavy := func(ctx context.Context) (int, error) { // in virtual time, a worker that takes just this long
			return 42, asyncio.Sleep(ctx, 3200*time.Millisecond)
		}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error { // waits for the heartbeat's end
			return processes(ctx, &out, heavy)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != want {
			t.Errorf("got:\n%s\nwant:\n%s", got, want)
		}
	})
}

// A real worker, found to be another process by its number.
func TestSumInAProcess(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		pool, err := procpool.New(procpool.Options{Workers: 1})
		if err != nil {
			return err
		}
		got, err := Sum.Call(ctx, pool, 100_000_000)
		if want := 1_799_999_937; got != want {
			t.Errorf("the sum of 100,000,000 steps in a process is %d, want %d", got, want)
		}
		pid, err2 := whoComputes.Call(ctx, pool, struct{}{})
		if pid == os.Getpid() || pid == 0 {
			t.Errorf("the process %d computes, want another than this, %d", pid, os.Getpid())
		}
		return errors.Join(err, err2, pool.Close(ctx))
	})
	if err != nil {
		t.Fatal(err)
	}
}

var whoComputes = asyncio.Register("basics.pid", func(context.Context, struct{}) (int, error) { return os.Getpid(), nil })
