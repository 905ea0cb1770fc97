package stalls

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio"
	juju "github.com/juju/ratelimit"
	"github.com/pierrec/lz4/v4"
	"github.com/yuin/goldmark"
)

var several = []program{
	{name: "second-task", class: "cpu,gc", call: "goldmark.Convert", advice: "asyncio.ToThread", then: "second-task-then", run: twoTasksBlock},
	{name: "moves-on", class: "sleep", call: "ratelimit.(*Bucket).Wait", advice: "asyncio.ToThread", then: "moves-on-then", run: stepMovesOn},
	{name: "own-goroutines", whole: true, class: "starved-go,late-timer", advice: "asyncio.NewThreadPool", run: goroutinesCompress},
	{name: "stopped", whole: true, class: "suspended,late-timer", advice: "nothing in the program", run: processStops},
}

func twoTasksBlock(ctx context.Context) error {
	page := bytes.Repeat([]byte("An *order* of `items`.\n\n"), 3000)
	must(settle(ctx))
	again(func() { must(goldmark.Convert(page, io.Discard)) }) // guilty: second-task
	must(settle(ctx))
	_, err := asyncio.Go(ctx, func(context.Context) error {
		time.Sleep(lasts) // guilty: second-task-then
		return nil
	}, asyncio.Name("later")).Await(ctx)
	return err
}

func stepMovesOn(ctx context.Context) error {
	bucket := juju.NewBucket(lasts, 1)
	bucket.Take(1)
	data, out := text(1<<20), make([]byte, lz4.CompressBlockBound(1<<20))
	must(settle(ctx))
	begin()
	bucket.Wait(1) // guilty: moves-on
	for packed := time.Now(); time.Since(packed) < lasts; {
		got(lz4.CompressBlockHC(data, out, lz4.Level9, nil, nil)) // guilty: moves-on-then
	}
	end()
	return nil
}

// goroutinesCompress starts goroutines that compute beside the loop, on one processor.
func goroutinesCompress(ctx context.Context) error {
	runtime.GOMAXPROCS(1)
	data := text(1 << 20)
	begin()
	until := block.begin.Add(3 * lasts)
	for range 16 {
		go func() {
			out := make([]byte, lz4.CompressBlockBound(len(data)))
			for time.Now().Before(until) {
				got(lz4.CompressBlockHC(data, out, lz4.Level9, nil, nil))
			}
		}()
	}
	return work(ctx, until)
}

// processStops starts another process that stops and continues this one.
func processStops(ctx context.Context) error {
	begin()
	stop := fmt.Sprintf("sleep 0.2; kill -STOP %d; sleep 0.6; kill -CONT %d", os.Getpid(), os.Getpid())
	must(exec.Command("sh", "-c", stop).Start())
	return work(ctx, block.begin.Add(3*lasts))
}

// work runs short steps of a task that is not to blame.
func work(ctx context.Context, until time.Time) error {
	defer end()
	for time.Now().Before(until) {
		text(10_000)
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
