package semantics_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Sleeps and channels that the classifier was not written against.

// A dozer sleeps until it is released.
type dozer struct{ b *block }

func (d *dozer) doze() {
	for d.b.holds() {
		d.b.next()
		time.Sleep(nap)
	}
}

// A household has a dozer's methods.
type household struct{ *dozer }

// retry is what half of all programs have.
func retry[T any](b *block, fn func() (T, error)) (T, error) {
	for {
		v, err := fn()
		if err == nil {
			return v, nil
		}
		b.next()
		time.Sleep(nap)
	}
}

func dozeAtTheEnd() {
	defer time.Sleep(nap)
	kept.Store(nil)
} // blocks: a deferred sleep

func every(d time.Duration) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for n := 0; yield(n); n++ {
			time.Sleep(d) // blocks: a sleep of an iterator
		}
	}
}

var sleepVariants = []blocker{
	{"sleep: a generic function that tries again", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		retry(b, func() (int, error) {
			if b.holds() {
				return 0, errors.New("not yet")
			}
			return 1, nil
		})
	}},
	{"sleep: a promoted method's value, by OnceFunc", asyncio.StallSleep, "time.Sleep", "whole call of sync.OnceFunc", func(b *block) {
		sync.OnceFunc(household{&dozer{b}}.doze)()
	}},
	{"sleep: by reflection", asyncio.StallSleep, "reflect.Value.Call", "asyncio.Sleep", func(b *block) {
		sleep, args := reflect.ValueOf(time.Sleep), []reflect.Value{reflect.ValueOf(nap)}
		for b.holds() {
			b.next()
			sleep.Call(args)
		}
	}},
	{"sleep: deferred", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		b.marked("a deferred sleep")
		for b.holds() {
			dozeAtTheEnd()
		}
	}},
	{"sleep: deferred in a loop, while it panics", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		doze := func() {
			defer func() { _ = recover() }()
			for range 2 {
				defer time.Sleep(nap)
			}
			panic(errBroken) // blocks: the panic that runs a sleep
		}
		b.marked("the panic that runs a sleep")
		for b.holds() {
			doze()
		}
	}},
	{"sleep: in an iterator", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		b.marked("a sleep of an iterator")
		for range every(nap) {
			if !b.holds() {
				return
			}
		}
	}},
	{"sleep: a callback of package strings, deep down", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		deeply(600, func() {
			_ = strings.Map(func(r rune) rune { (&dozer{b}).doze(); return r }, "x")
		})
	}},
}

// A mailbox is what a program makes of a channel.
type mailbox[T any] struct{ ch chan T }

func (m mailbox[T]) take() T { return <-m.ch } // blocks: a generic method

func (m mailbox[T]) all(yield func(T) bool) {
	for v := range m.ch { // blocks: a range over a channel
		if !yield(v) {
			return
		}
	}
}

type taker interface{ take() struct{} }

var channelVariants = []blocker{
	{"channel: a generic method behind an interface", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.marked("a generic method")
		var m taker = mailbox[struct{}]{b.released}
		m.take()
	}},
	{"channel: a range in an iterator", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.marked("a range over a channel")
		for range (mailbox[struct{}]{b.released}).all {
		}
	}},
	{"channel: a select by reflection", asyncio.StallChannel, "reflect.Select", "asyncio.Recv", func(b *block) {
		cases := []reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(b.released)}}
		b.next()
		reflect.Select(cases)
	}},
	{"channel: the end of a context, deferred", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		ctx, cancel := context.WithCancel(context.Background())
		b.onRelease(cancel)
		defer func() {
			b.next()
			<-ctx.Done()
		}()
	}},
	{"channel: a result of a helper goroutine, by OnceValue", asyncio.StallChannel, "", "whole call of sync.OnceValue", func(b *block) {
		sync.OnceValue(func() int {
			result := make(chan int)
			b.onRelease(func() { result <- 1 })
			b.next()
			return <-result
		})()
	}},
	{"channel: a timer, deep down", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		deeply(500, func() {
			for b.holds() {
				b.next()
				<-time.After(nap)
			}
		})
	}},
	{"channel: a send in a comparison", asyncio.StallChannel, "", "asyncio.Send", func(b *block) {
		ch := make(chan int)
		b.onRelease(func() { <-ch })
		_ = slices.ContainsFunc([]int{1}, func(v int) bool {
			b.next()
			ch <- v
			return true
		})
	}},
}
