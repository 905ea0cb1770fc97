package semantics_test

import (
	"context"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// TestMap_BreakWhileArgsWaits: args waits with another ctx, which is cancelled at the end of the
// range loop.
func TestMap_BreakWhileArgsWaits(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		q := asyncio.NewQueue[int](0)
		q.TryPut(7)
		for v, err := range echoInt.Map(ctx, &remote{}, q.All(ctx)) {
			if v != 7 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
			break
		}
		q.TryPut(8)
		turns(ctx, t, 3)
		if q.Len() != 1 {
			t.Error("an element was read after the end")
		}
	})
}

// hooked counts the running functions.
var hooked atomic.Int64

var hooking = asyncio.Register("test.hooking", func(ctx context.Context, n int) (int, error) {
	hooked.Add(1)
	defer hooked.Add(-1)
	if n > 0 {
		<-ctx.Done()
	}
	return n, ctx.Err()
})

func TestMap_BreakCancelsAndWaits(t *testing.T) {
	captureStderr(t) // the panic prints to stderr
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for name, leave := range map[string]func(seq iter.Seq2[int, error]){
			"break": func(seq iter.Seq2[int, error]) {
				for range seq {
					break
				}
			},
			"panic": func(seq iter.Seq2[int, error]) {
				v := panicOf(func() {
					for range seq {
						panic("in the body")
					}
				})
				if p, ok := v.(*asyncio.PanicError); !ok || p.Value != "in the body" {
					t.Errorf("panic %v", v)
				}
			},
		} {
			read := 0
			leave(hooking.Map(ctx, exec, counting(1000, &read), asyncio.ChunkSize(1)))
			if n := hooked.Load(); n != 0 {
				t.Errorf("%s: %d functions still run", name, n)
			}
			before := read
			turns(ctx, t, 5)
			if read != before {
				t.Errorf("%s: args is read on", name)
			}
		}
	})
}

func TestMap_Cancelled(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		for _, cause := range []error{context.DeadlineExceeded, context.Canceled} {
			limited, cancel := asyncio.WithTimeout(ctx, time.Minute)
			if cause == context.Canceled {
				asyncio.LoopOf(ctx).CallLater(time.Second, cancel)
			}
			var errs []error
			for _, err := range hooking.Map(limited, exec, upTo(1000), asyncio.ChunkSize(1)) {
				errs = append(errs, err)
			}
			if want := []error{nil, cause}; !slices.Equal(errs, want) {
				t.Errorf("errors of the elements: %v, want %v", errs, want)
			}
			cancel()
		}
	})
}

// TestMap_CancelledWithItsArgs: if args ends because ctx was cancelled, the last element is
// ctx.Err().
func TestMap_CancelledWithItsArgs(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		limited, cancel := asyncio.WithTimeout(ctx, time.Second)
		defer cancel()
		q := asyncio.NewQueue[int](0)
		q.TryPut(0)
		var errs []error
		for _, err := range echoInt.Map(limited, exec, q.All(limited)) {
			errs = append(errs, err)
			asyncio.Sleep(ctx, time.Minute)
		}
		if want := []error{nil, context.DeadlineExceeded}; !slices.Equal(errs, want) {
			t.Errorf("errors of the elements: %v, want %v", errs, want)
		}
	})
}

func TestMap_CancelledByItsBody(t *testing.T) {
	eachExecutor(t, func(ctx context.Context, t *testing.T, exec asyncio.Executor) {
		limited, cancel := context.WithCancel(ctx)
		defer cancel()
		var errs []error
		for _, err := range echoInt.Map(limited, exec, upTo(100), asyncio.ChunkSize(10)) {
			errs = append(errs, err)
			cancel()
		}
		if want := []error{nil, context.Canceled}; !slices.Equal(errs, want) {
			t.Errorf("errors of the elements: %v, want %v", errs, want)
		}
	})
}
