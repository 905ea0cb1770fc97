package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The share of time in which the loop was busy since the last measurement.
func ExampleMetrics() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		before := loop.Metrics()
		if err := asyncio.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		after := loop.Metrics()
		fmt.Println("mostly idle:", after.Utilization(before) < 0.5)
		return nil
	}, asyncio.WithName("shop"))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// mostly idle: true
}

// Other goroutines can read the metrics of a blocked loop.
func ExampleLoop_Metrics() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop := asyncio.LoopOf(ctx)
		for range 3 {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		}
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		read := make(chan asyncio.Metrics)
		go func() { read <- loop.Metrics() }()
		m := <-read // blocks the loop: Recv would not
		fmt.Println(m.Tasks.Running, "runs,", m.Tasks.Waiting, "wait")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 runs, 3 wait
}

// The causes and the durations of stalls.
func ExampleStallMetrics() {
	m := asyncio.Metrics{Stalls: []asyncio.StallMetrics{{
		Class:  asyncio.StallSleep,
		Lasted: asyncio.Histogram{Bounds: []time.Duration{time.Second}, Counts: []uint64{3, 1}, Sum: 6 * time.Second},
	}}}
	for _, s := range m.Stalls {
		fmt.Println(s.Class, s.Lasted.Count(), "times, for", s.Lasted.Sum)
	}
	// Output:
	// sleep 4 times, for 6s
}

// Uptime is the sum of the busy time and the idle time.
func ExampleMetrics_Busy() {
	m := asyncio.Metrics{Uptime: time.Hour, Idle: 59 * time.Minute}
	fmt.Println(m.Busy())
	// Output:
	// 1m0s
}

// Two measurements give the utilization of the time between them. The zero value stands for the
// beginning.
func ExampleMetrics_Utilization() {
	at := func(up, idle time.Duration) asyncio.Metrics { return asyncio.Metrics{Uptime: up, Idle: idle} }
	earlier, now := at(time.Minute, time.Minute), at(2*time.Minute, 75*time.Second)
	fmt.Println(now.Utilization(earlier), now.Utilization(asyncio.Metrics{}))
	// Output:
	// 0.75 0.375
}

// The outcomes of the tasks.
func ExampleTaskMetrics() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		good := asyncio.Go(ctx, func(context.Context) error { return nil })
		bad := asyncio.Go(ctx, func(context.Context) error { return errors.New("out of paper") })
		if _, _, err := asyncio.Wait(ctx, asyncio.AllCompleted, good, bad); err != nil {
			return err
		}
		tasks := asyncio.LoopOf(ctx).Metrics().Tasks
		fmt.Printf("%d created: %d succeeded, %d failed (%v)\n", tasks.Created, tasks.Succeeded, tasks.Failed, bad.Err())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 3 created: 1 succeeded, 1 failed (out of paper)
}

// A histogram of the times that ready tasks and callbacks waited for the loop.
func ExampleHistogram() {
	delay := asyncio.Histogram{
		Bounds: []time.Duration{time.Millisecond, 100 * time.Millisecond},
		Counts: []uint64{97, 2, 1},
		Sum:    2 * time.Second,
	}
	for i, bound := range delay.Bounds {
		fmt.Println("up to", bound, delay.Counts[i])
	}
	fmt.Println("more", delay.Counts[len(delay.Bounds)])
	// Output:
	// up to 1ms 97
	// up to 100ms 2
	// more 1
}

// Sum and Count give the mean.
func ExampleHistogram_Count() {
	h := asyncio.Histogram{Bounds: []time.Duration{time.Second}, Counts: []uint64{3, 1}, Sum: 6 * time.Second}
	fmt.Println(h.Sum / time.Duration(h.Count()))
	// Output:
	// 1.5s
}

// The metrics of the executors that a loop has called.
func ExampleExecutorMetrics() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		pool := asyncio.NewThreadPool(2)
		if _, err := Shout.Call(ctx, pool, "hello"); err != nil {
			return err
		}
		for _, e := range asyncio.LoopOf(ctx).Metrics().Executors {
			fmt.Println(e.Workers, "workers,", e.Waiting, "calls wait")
		}
		return pool.Close(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2 workers, 0 calls wait
}

// A thread pool has metrics too.
func ExampleThreadPool_Metrics() {
	pool := asyncio.NewThreadPool(4)
	m := pool.Metrics()
	fmt.Println(m.Workers, m.Running, m.Waiting, m.Closed)
	// Output:
	// 4 0 0 false
}

// The metrics of a loop include those of an executor that implements Measured.
func ExampleMeasured() {
	var exec asyncio.Executor = asyncio.NewThreadPool(1)
	m, ok := exec.(asyncio.Measured)
	fmt.Println(ok, m.Metrics().Workers)
	// Output:
	// true 1
}
