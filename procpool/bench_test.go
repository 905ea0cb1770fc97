package procpool_test

import (
	"context"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var benchEcho = asyncio.Register("procpool.bench.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })

func BenchmarkEcho64(b *testing.B) {
	pool, err := procpool.New(procpool.Options{Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		arg := make([]byte, 64)
		if _, err := benchEcho.Call(ctx, pool, arg); err != nil {
			return err
		}
		for b.Loop() {
			if _, err := benchEcho.Call(ctx, pool, arg); err != nil {
				return err
			}
		}
		return pool.Close(ctx)
	})
	if err != nil {
		b.Fatal(err)
	}
}
