package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func TestMain(m *testing.M) {
	procpool.Main()
	os.Exit(m.Run())
}

var square = asyncio.Register("procpool.test.square", func(_ context.Context, n int) (int, error) { return n * n, nil })

var exits = asyncio.Register("procpool.test.exits", func(_ context.Context, code int) (int, error) { os.Exit(code); return 0, nil })

var spins = asyncio.Register("procpool.test.spins", func(_ context.Context, code int) (int, error) {
	for i := 0; ; i++ {
		_ = i
	}
})

var echo = asyncio.Register("procpool.test.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

func TestQuick(t *testing.T) {
	pool, err := procpool.New(procpool.Options{Workers: 2, KillGrace: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		defer pool.Close(context.WithoutCancel(ctx))
		n, err := square.Call(ctx, pool, 7)
		if n != 49 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		_, err = exits.Call(ctx, pool, 3)
		var crash *procpool.WorkerCrash
		if !errors.As(err, &crash) || crash.ExitCode != 3 {
			t.Errorf("%v", err)
		}
		fmt.Println(err)
		start := time.Now()
		tctx, cancel := asyncio.WithTimeout(ctx, 20*time.Millisecond)
		_, err = spins.Call(tctx, pool, 3)
		cancel()
		fmt.Println(err, time.Since(start))
		big := make([]byte, 3<<20)
		big[7] = 7
		back, err := echo.Call(ctx, pool, big)
		if err != nil || !slices.Equal(back, big) {
			t.Error(err, len(back))
		}
		i := 0
		for n, err := range square.Map(ctx, pool, slices.Values(make([]int, 1000))) {
			if n != 0 || err != nil {
				t.Error(n, err)
			}
			i++
		}
		if i != 1000 {
			t.Error(i)
		}
		fmt.Printf("%+v\n", pool.Stats())
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkEcho64(b *testing.B) {
	pool, _ := procpool.New(procpool.Options{Workers: 1})
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		defer pool.Close(ctx)
		arg := make([]byte, 64)
		echo.Call(ctx, pool, arg)
		for b.Loop() {
			if _, err := echo.Call(ctx, pool, arg); err != nil {
				b.Fatal(err)
			}
		}
		return nil
	})
}
