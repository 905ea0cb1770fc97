package stalls

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avast/retry-go/v4"
	"github.com/cenkalti/backoff/v4"
	"github.com/cskr/pubsub"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/golang/groupcache"
	juju "github.com/juju/ratelimit"
	"github.com/panjf2000/ants/v2"
	"github.com/robfig/cron/v3"
	uber "go.uber.org/ratelimit"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
)

var waits = []program{
	{name: "x-rate", class: "channel", call: "rate.(*Limiter).Wait", advice: "asyncio.ToThread", run: rateWaits},
	{name: "uber-rate", class: "sleep", call: "ratelimit.", advice: "asyncio.ToThread", run: uberTakes},
	{name: "juju-rate", class: "sleep", call: "ratelimit.(*Bucket).Wait", advice: "asyncio.ToThread", run: jujuWaits},
	{name: "backoff", class: "channel", call: "backoff/v4.Retry", advice: "asyncio.ToThread", run: backoffRetries},
	{name: "retry-go", class: "channel", call: "retry-go/v4.Do", advice: "asyncio.ToThread", run: retryDoes},
	{name: "cron", class: "channel", call: "cron/v3.(*Cron).Run", advice: "asyncio.ToThread", run: cronRuns},
	{name: "ants", class: "lock", call: "ants/v2.(*Pool).Submit", advice: "asyncio.ToThread", run: antsSubmits},
	{name: "ristretto", class: "channel", call: "ristretto/v2.(*Cache", advice: "asyncio.ToThread", run: ristrettoWaits},
	{name: "groupcache", class: "lock", call: "groupcache.(*Group).Get", advice: "asyncio.ToThread", run: groupcacheGets},
	{name: "pubsub", class: "channel", call: "pubsub.(*PubSub", advice: "asyncio.ToThread", run: pubsubPublishes},
	{name: "errgroup", class: "lock", call: "errgroup.(*Group).Wait", advice: "asyncio.WithTaskGroup", run: errgroupWaits},
	{name: "semaphore", class: "channel", call: "semaphore.(*Weighted).Acquire", advice: "asyncio.NewSemaphore", run: semaphoreAcquires},
	{name: "cond", class: "lock", call: "sync.(*Cond).Wait", advice: "asyncio.Condition", run: condWaits},
	{name: "waitgroup", class: "lock", call: "sync.(*WaitGroup).Wait", advice: "asyncio.WithTaskGroup", run: waitGroupWaits},
	{name: "rwmutex", class: "lock", call: "sync.(*RWMutex).RLock", advice: "asyncio.Lock", run: rwMutexLocks},
	{name: "full-channel", class: "channel", call: "-", advice: "asyncio.Send", run: channelSends},
	{name: "spin", class: "cpu", call: "-", advice: "asyncio.Checkpoint", run: flagSpins},
}

func rateWaits(ctx context.Context) error {
	limiter := rate.NewLimiter(rate.Every(lasts), 1)
	limiter.Allow()
	must(settle(ctx))
	once(func() { must(limiter.Wait(ctx)) }) // guilty: x-rate
	return nil
}

func uberTakes(ctx context.Context) error {
	limiter := uber.New(1, uber.Per(lasts), uber.WithoutSlack)
	limiter.Take()
	must(settle(ctx))
	once(func() { limiter.Take() }) // guilty: uber-rate
	return nil
}

func jujuWaits(ctx context.Context) error {
	bucket := juju.NewBucket(lasts, 1)
	bucket.Take(1)
	must(settle(ctx))
	once(func() { bucket.Wait(1) }) // guilty: juju-rate
	return nil
}

func backoffRetries(ctx context.Context) error {
	policy := backoff.WithMaxRetries(backoff.NewConstantBackOff(lasts), 1)
	must(settle(ctx))
	once(func() { backoff.Retry(refuse, policy) }) // guilty: backoff
	return nil
}

func refuse() error { return errors.New("refused") }

func retryDoes(ctx context.Context) error {
	must(settle(ctx))
	once(func() { retry.Do(refuse, retry.Attempts(2), retry.Delay(lasts), retry.MaxJitter(1)) }) // guilty: retry-go
	return nil
}

func cronRuns(ctx context.Context) error {
	jobs := cron.New()
	time.AfterFunc(lasts, func() { jobs.Stop() })
	must(settle(ctx))
	once(func() { jobs.Run() }) // guilty: cron
	return nil
}

func antsSubmits(ctx context.Context) error {
	pool := got(ants.NewPool(1))
	must(pool.Submit(func() { time.Sleep(lasts) }))
	must(settle(ctx))
	once(func() { must(pool.Submit(func() {})) }) // guilty: ants
	return nil
}

func ristrettoWaits(ctx context.Context) error {
	cache := got(ristretto.NewCache(&ristretto.Config[string, int]{NumCounters: 100, MaxCost: 10, BufferItems: 64,
		Cost: func(int) int64 { time.Sleep(lasts); return 1 }}))
	must(settle(ctx))
	once(func() {
		cache.Set("order", 1, 0)
		cache.Wait() // guilty: ristretto
	})
	return nil
}

func groupcacheGets(ctx context.Context) error {
	loading := make(chan struct{}, 1)
	group := groupcache.NewGroup("orders", 1<<20, groupcache.GetterFunc(func(_ context.Context, _ string, dest groupcache.Sink) error {
		loading <- struct{}{}
		time.Sleep(lasts)
		return dest.SetString("sent")
	}))
	var text string
	go group.Get(context.Background(), "7", groupcache.StringSink(new(string)))
	<-loading
	must(settle(ctx))
	once(func() { must(group.Get(ctx, "7", groupcache.StringSink(&text))) }) // guilty: groupcache
	return nil
}

func pubsubPublishes(ctx context.Context) error {
	bus := pubsub.New(0)
	orders := bus.Sub("orders")
	bus.Pub("first", "orders")
	time.AfterFunc(lasts, func() {
		for range orders {
		}
	})
	must(settle(ctx))
	once(func() { bus.Pub("second", "orders") }) // guilty: pubsub
	return nil
}

func errgroupWaits(ctx context.Context) error {
	must(settle(ctx))
	var g errgroup.Group
	g.Go(func() error { time.Sleep(lasts); return nil })
	once(func() { must(g.Wait()) }) // guilty: errgroup
	return nil
}

func semaphoreAcquires(ctx context.Context) error {
	s := semaphore.NewWeighted(1)
	s.TryAcquire(1)
	time.AfterFunc(lasts, func() { s.Release(1) })
	must(settle(ctx))
	once(func() { must(s.Acquire(ctx, 1)) }) // guilty: semaphore
	return nil
}

func condWaits(ctx context.Context) error {
	c := sync.NewCond(new(sync.Mutex))
	time.AfterFunc(lasts, c.Broadcast)
	must(settle(ctx))
	c.L.Lock()
	once(func() { c.Wait() }) // guilty: cond
	c.L.Unlock()
	return nil
}

func waitGroupWaits(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { time.Sleep(lasts) })
	must(settle(ctx))
	once(func() { wg.Wait() }) // guilty: waitgroup
	return nil
}

// A stock is read under a lock.
type stock struct {
	mu    sync.RWMutex
	count map[string]int
}

func (s *stock) of(name string) int {
	s.mu.RLock() // guilty: rwmutex
	defer s.mu.RUnlock()
	return s.count[name]
}

func rwMutexLocks(ctx context.Context) error {
	var s stock
	s.mu.Lock()
	time.AfterFunc(lasts, s.mu.Unlock)
	must(settle(ctx))
	once(func() { s.of("item") })
	return nil
}

func channelSends(ctx context.Context) error {
	events := make(chan int, 1)
	events <- 1
	time.AfterFunc(lasts, func() { <-events })
	must(settle(ctx))
	begin()
	events <- 2 // guilty: full-channel
	end()
	return nil
}

func flagSpins(ctx context.Context) error {
	var done atomic.Bool
	time.AfterFunc(lasts, func() { done.Store(true) })
	must(settle(ctx))
	begin()
	for !done.Load() { // guilty: spin
	}
	end()
	return nil
}
