package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
)

// S9 as a property: in random programs every error has a number, and has one fate. It is
// received by a caller, or it is reported once and returned by Run, or it was dropped by a
// call that says so (Gather after the first error, AsCompleted that is left).

type numbered int

func (n numbered) Error() string { return fmt.Sprint("error ", int(n)) }

// fates keeps what became of each error. Goroutines of the program use it too.
type fates struct {
	mu       sync.Mutex
	made     int
	received map[numbered]int
	reported map[numbered]int
	excused  map[numbered]bool // a call may have dropped it
}

// fail makes an error.
func (b *fates) fail() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made++
	return numbered(b.made)
}

// numbers returns the numbers in err.
func numbers(err error) (all []numbered) {
	var n numbered
	switch e := err.(type) {
	case nil:
	case numbered:
		return []numbered{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, numbers(one)...)
		}
	default:
		if !errors.Is(err, context.Canceled) && errors.As(err, &n) { // otherwise it is a cause
			all = []numbered{n}
		}
	}
	return all
}

func (b *fates) receive(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range numbers(err) {
		b.received[n]++
	}
}

func (b *fates) excuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range numbers(err) {
		b.excused[n] = true
	}
}

// A tosser makes one program.
type tosser struct {
	*fates
	r       *rand.Rand
	dropped []func() error // return errors that a call may have dropped
}

func (p *tosser) soon() time.Duration { return time.Duration(p.r.IntN(50)) * time.Millisecond }

// coroutine makes one that fails, or not, after some time; cancelled it may fail as well.
func (p *tosser) coroutine() asyncio.Coroutine[int] {
	d, outcome := p.soon(), p.r.IntN(4)
	return func(ctx context.Context) (int, error) {
		err := asyncio.Sleep(ctx, d)
		switch {
		case err != nil && outcome < 3:
			return 0, err // its own cancellation
		case outcome == 0:
			return 1, nil
		}
		return 0, p.fail()
	}
}

// spied makes a coroutine, and a function that returns the error with which it ended.
func (p *tosser) spied() (asyncio.Coroutine[int], func() error) {
	c, err := p.coroutine(), new(error)
	return func(ctx context.Context) (v int, e error) {
		v, *err = c(ctx)
		return v, *err
	}, func() error { return *err }
}

// step does one of the things that a program does with tasks, futures and coroutines.
func (p *tosser) step(ctx context.Context, depth int) {
	a, b := asyncio.CreateTask(ctx, p.coroutine()), asyncio.CreateTask(ctx, p.coroutine())
	f := asyncio.NewFuture[int](ctx)
	asyncio.LoopOf(ctx).CallLater(p.soon(), func() { f.SetError(p.fail()) })
	limited, cancel := asyncio.WithTimeout(ctx, p.soon())
	defer cancel()
	if p.r.IntN(2) == 0 {
		limited = ctx
	}
	started, startedErr := p.spied()
	aws := []asyncio.Awaitable[int]{a, f, started, b}[p.r.IntN(3):]
	background := context.Background()

	switch p.r.IntN(12) {
	case 0: // a and b are left
	case 1:
		p.receive(second(a.Await(limited)))
	case 2:
		p.receive(second(f.Await(limited)))
	case 3:
		_, err := asyncio.Gather(limited, aws...)
		p.receive(err)
		if len(numbers(err)) > 0 {
			p.dropped = append(p.dropped, a.Err, b.Err, f.Err)
		}
		p.dropped = append(p.dropped, startedErr)
	case 4:
		for _, r := range asyncio.GatherResults(limited, aws...) {
			p.receive(r.Err)
		}
		p.dropped = append(p.dropped, startedErr)
	case 5:
		for _, r := range asyncio.AsCompleted(limited, aws...) {
			p.receive(r.Err)
			if p.r.IntN(3) == 0 {
				break
			}
		}
		p.dropped = append(p.dropped, startedErr)
	case 6:
		done, _, _ := asyncio.Wait(limited, asyncio.WaitUntil(p.r.IntN(3)), a, b)
		for _, t := range done {
			p.receive(t.Err())
		}
	case 7:
		p.receive(second(asyncio.WaitFor(ctx, p.soon(), aws[p.r.IntN(len(aws))])))
		p.dropped = append(p.dropped, startedErr)
	case 8:
		go func() { p.receive(second(a.Await(background))) }()
		go func() {
			<-b.Done()
			p.receive(b.Err())
		}()
	case 9:
		d := p.soon()
		go func() {
			ctx, cancel := context.WithTimeout(background, d)
			defer cancel()
			p.receive(second(a.Await(ctx)))
			p.receive(second(asyncio.WaitFor(ctx, time.Hour, asyncio.Awaitable[int](f))))
		}()
	case 10:
		if depth > 0 {
			p.receive(p.group(limited, depth-1))
		}
	default:
		p.receive(second(asyncio.WaitFor(ctx, p.soon(), asyncio.Coroutine[int](func(ctx context.Context) (int, error) {
			p.step(ctx, depth-1)
			return 0, nil
		}))))
	}
}

// group is a group whose body returns, fails or panics.
func (p *tosser) group(ctx context.Context, depth int) (err error) {
	defer func() {
		if v, ok := recover().(error); ok {
			p.receive(v)
		}
	}()
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for range 1 + p.r.IntN(2) {
			p.step(ctx, depth)
		}
		switch p.r.IntN(3) {
		case 0:
			return p.fail()
		case 1:
			panic(p.fail())
		}
		return nil
	})
}

func TestS09_EveryErrorHasOneFate(t *testing.T) {
	captureStderr(t)
	for seed := range uint64(1500/fewer + 100) {
		synctest.Test(t, func(t *testing.T) {
			b := &fates{received: map[numbered]int{}, reported: map[numbered]int{}, excused: map[numbered]bool{}}
			p := &tosser{fates: b, r: rand.New(rand.NewPCG(seed, 0))}
			handler := asyncio.WithErrorHandler(func(u asyncio.Unhandled) {
				for _, n := range numbers(u.Err) {
					b.reported[n]++
				}
			})
			err := asyncio.Run(context.Background(), func(ctx context.Context) error {
				for range 1 + p.r.IntN(3) {
					p.step(ctx, 2)
				}
				asyncio.Sleep(ctx, p.soon())
				return nil
			}, virtual, handler, asyncio.WithPanicsAsErrors())
			synctest.Wait()
			returned := numbers(err)
			for _, look := range p.dropped {
				b.excuse(look())
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for n := numbered(1); int(n) <= b.made; n++ {
				got, told := b.received[n] > 0, b.reported[n]
				if told > 1 || told == 1 && got || told == 0 && !got && !b.excused[n] {
					t.Fatalf("seed %d: %v of %d: received %d times, reported %d times, may be dropped: %v", seed, n, b.made, b.received[n], told, b.excused[n])
				}
				if told == 1 && len(returned) < 16 && !slices.Contains(returned, n) {
					t.Fatalf("seed %d: %v was reported, and Run returned only %v", seed, n, err)
				}
			}
		})
	}
}
