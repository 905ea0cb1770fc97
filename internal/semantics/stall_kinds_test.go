package semantics_test

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asyncio-go/asyncio"
)

// nap is short: what sleeps looks again soon whether it was seen.
const nap = 50 * time.Millisecond

var kept atomic.Pointer[[]byte]

type reader struct{ src io.Reader }

func (r *reader) read() { r.src.Read(make([]byte, 1)) } // blocks: a read of a field

func generic[T any](ch chan T) T { return <-ch } // blocks: a generic receive

func deeply(depth int, fn func()) {
	if depth == 0 {
		fn()
		return
	}
	deeply(depth-1, fn)
	runtime.KeepAlive(&depth)
}

// stallKinds are ways to block a loop, one for each way a goroutine can stand still.
var stallKinds = []blocker{
	{"an endless computation", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		n := 0
		b.next()
		for ; n&0xffff != 0 || b.holds(); n++ { //nolint:revive // it computes
		}
	}},
	{"Gosched without end", asyncio.StallCPU, "", "Checkpoint", func(b *block) {
		b.below(2)
		for b.holds() {
			runtime.Gosched()
		}
	}},
	{"a computation of the standard library", asyncio.StallCPU, "encoding/json.Marshal", "ToThread", func(b *block) {
		big := make([]int, 1<<20)
		for b.holds() {
			b.next()
			text, _ := json.Marshal(big)
			kept.Store(&text)
		}
	}},
	{"time.Sleep", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		for b.holds() {
			b.next()
			time.Sleep(nap)
		}
	}},
	{"time.Sleep, deep down", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		deeply(500, func() {
			for b.holds() {
				b.next()
				time.Sleep(nap)
			}
		})
	}},
	{"time.Sleep in a sort", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		sort.Slice([]int{1, 0}, func(i, j int) bool {
			for b.holds() {
				b.next()
				time.Sleep(nap)
			}
			return i < j
		})
	}},
	{"time.Sleep in an iter.Pull", asyncio.StallSleep, "time.Sleep", "asyncio.Sleep", func(b *block) {
		next, stop := iter.Pull(func(yield func(int) bool) {
			for b.holds() {
				b.next()
				time.Sleep(nap)
			}
			yield(1)
		})
		defer stop()
		next()
	}},
	{"Mutex", asyncio.StallLock, "sync.(*Mutex).Lock", "asyncio.Lock", func(b *block) {
		var mu sync.Mutex
		mu.Lock()
		b.onRelease(mu.Unlock)
		b.next()
		mu.Lock()
	}},
	{"RWMutex for reading", asyncio.StallLock, "sync.(*RWMutex).RLock", "asyncio.Lock", func(b *block) {
		var mu sync.RWMutex
		mu.Lock()
		b.onRelease(mu.Unlock)
		b.next()
		mu.RLock()
	}},
	{"RWMutex for writing", asyncio.StallLock, "sync.(*RWMutex).Lock", "asyncio.Lock", func(b *block) {
		var mu sync.RWMutex
		mu.RLock()
		b.onRelease(mu.RUnlock)
		b.next()
		mu.Lock()
	}},
	{"WaitGroup", asyncio.StallLock, "sync.(*WaitGroup).Wait", "asyncio.Gather", func(b *block) {
		var wg sync.WaitGroup
		wg.Add(1)
		b.onRelease(wg.Done)
		b.next()
		wg.Wait()
	}},
	{"Cond", asyncio.StallLock, "sync.(*Cond).Wait", "asyncio.Condition", func(b *block) {
		c := sync.NewCond(&sync.Mutex{})
		c.L.Lock()
		b.onRelease(func() { c.L.Lock(); c.Signal(); c.L.Unlock() })
		b.next()
		c.Wait()
	}},
	{"Once", asyncio.StallLock, "sync.(*Once).Do", "before the loop starts", func(b *block) {
		var once sync.Once
		begun := make(chan struct{})
		go once.Do(func() { close(begun); <-b.released })
		<-begun
		b.next()
		once.Do(func() {})
	}},
	{"receive", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.next()
		<-b.released
	}},
	{"receive in a generic function", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.marked("a generic receive")
		generic(b.released)
	}},
	{"send", asyncio.StallChannel, "", "asyncio.Send", func(b *block) {
		ch := make(chan int)
		b.onRelease(func() { <-ch })
		b.next()
		ch <- 1
	}},
	{"select", asyncio.StallChannel, "", "asyncio.Recv", func(b *block) {
		b.next()
		select {
		case <-b.released:
		case <-make(chan int):
		}
	}},
	{"a connection", asyncio.StallIO, "net.(*conn).Read", "aionet", func(b *block) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		b.must(err)
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		b.must(err)
		b.onRelease(func() { c.Close() })
		b.next()
		c.Read(make([]byte, 1))
	}},
	{"a pipe, by a method value", asyncio.StallIO, "os.(*File).Read", "ToThread", func(b *block) {
		r, w, err := os.Pipe()
		b.must(err)
		defer r.Close()
		b.onRelease(func() { w.Close() })
		b.marked("a read of a field")
		read := (&reader{r}).read
		read()
	}},
	{"runtime.GC", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) {
		for b.holds() {
			b.next()
			runtime.GC()
		}
	}},
	{"GC assist", asyncio.StallGC, "", "GOMEMLIMIT", func(b *block) {
		defer debug.SetGCPercent(debug.SetGCPercent(1))
		live := make([][]*int, 1<<14)
		b.below(1)
		b.below(2)
		for n := 1; n&0xff != 0 || b.holds(); n++ {
			live[n&(1<<14-1)] = make([]*int, 64)
		}
	}},
	{"a name that no server answers for", asyncio.StallIO, "net.(*Resolver).LookupHost", "ToThread", func(b *block) {
		deaf, err := net.ListenPacket("udp", "127.0.0.1:0")
		b.must(err)
		defer deaf.Close()
		ctx, cancel := context.WithCancel(context.Background())
		b.onRelease(cancel)
		r := &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, _ string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "udp", deaf.LocalAddr().String())
			if err == nil {
				context.AfterFunc(ctx, func() { c.Close() }) // a lookup that waits does not look at ctx
			}
			return c, err
		}}
		for b.holds() {
			b.next()
			r.LookupHost(ctx, "nobody.example.")
		}
	}},
}
