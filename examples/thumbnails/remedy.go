package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/asyncio-go/asyncio"
)

// A remedy is a way of keeping a computation from blocking the loop. All of them
// do the same work; the service knows only this type.
type remedy struct {
	exec      asyncio.Executor                  // where Make runs; nil: on the loop itself
	pause     func(ctx context.Context) error   // without exec: what the computation calls every few milliseconds
	work      *asyncio.Func[Request, Thumbnail] // with exec: what it runs
	maxPixels int64                             // what a picture may say it has; 0 where a memory limit decides
}

// largest is how many pixels a picture may have where nothing limits memory: 100
// million take 400 MB decoded.
const largest = 100_000_000

// newRemedy returns the remedy of that name.
//
//   - loop: none. The computation runs in the coroutine and stops all others until it
//     is done: the problem.
//   - yield: it runs in the coroutine too, and gives up a turn now and then. No
//     second processor, and whatever cannot be cut up still blocks.
//   - thread: it runs in a goroutine. The loop is free, but shares memory,
//     garbage collector and fate with it; nothing can kill it.
//   - process: it runs in a worker process, at low priority, with a memory
//     limit. It can be killed, and takes nobody with it when it dies.
func newRemedy(o options, log *slog.Logger) (remedy, error) {
	switch o.remedy {
	case "loop":
		return remedy{pause: context.Context.Err, maxPixels: largest}, nil
	case "yield":
		return remedy{pause: asyncio.Checkpoint, maxPixels: largest}, nil
	case "thread":
		return remedy{exec: asyncio.NewThreadPool(o.workers), work: Make, maxPixels: largest}, nil
	case "process":
		pool, err := newPool(o, log)
		return remedy{exec: pool, work: Make}, err
	}
	return remedy{}, fmt.Errorf("-remedy %q: must be loop, yield, thread or process", o.remedy)
}

// make suspends the calling task until the thumbnail is there. What the
// computation tells of its progress goes to report, on the loop.
func (r remedy) make(ctx context.Context, picture []byte, width int, report func(done, total int64, note string)) (Thumbnail, error) {
	request := Request{picture, width, r.maxPixels}
	if r.exec == nil {
		return makeThumbnail(asyncio.WithProgress(ctx, report), request, r.pause)
	}
	return r.work.Call(ctx, r.exec, request, asyncio.OnProgress(report))
}

// close ends the workers.
func (r remedy) close(ctx context.Context) error {
	if r.exec == nil {
		return nil
	}
	return r.exec.Close(ctx)
}
