package main

import (
	"context"
	"errors"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The programs of the concepts. The lines between the comments "show" and "end" are printed beside
// the output.

func greet(ctx context.Context, st *stage) error {
	say := st.say
	// show: greet
	greet := func(ctx context.Context) error {
		say("hello")
		if err := asyncio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		say("hello again")
		return nil
	}
	return asyncio.Run(ctx, greet)
	// end
}

func gather(ctx context.Context, st *stage) error {
	say, length := st.say, st.length
	// show: gather
	job := func(ctx context.Context, name string) (string, error) {
		say("%s starts", name)
		defer say("%s ends", name)
		return name, asyncio.Sleep(ctx, length)
	}
	a := asyncio.Coro(job, "A")
	b := asyncio.Coro(job, "B")
	c := asyncio.Coro(job, "C")
	// end
	return asyncio.Run(ctx, func(ctx context.Context) error {
		start := time.Now()
		// show: gather
		for _, one := range []asyncio.Coroutine[string]{a, b, c} {
			if _, err := one.Await(ctx); err != nil {
				return err
			}
		}
		// end
		say("in sequence: expected %s, measured %s", rough(3*length), readable(time.Since(start)))
		start = time.Now()
		// show: gather
		names, err := asyncio.Gather(ctx, a, b, c)
		// end
		if err != nil {
			return err
		}
		say("gathered %v: expected %s, measured %s", names, rough(length), readable(time.Since(start)))
		return nil
	})
}

func task(ctx context.Context, st *stage) error {
	say := st.say
	// show: task
	double := func(ctx context.Context, n int) (int, error) {
		say("worker %d starts", n)
		return 2 * n, asyncio.Sleep(ctx, time.Second)
	}
	// end
	return asyncio.Run(ctx, func(ctx context.Context) error {
		// show: task
		coro := asyncio.Coro(double, 10)
		task := asyncio.CreateTask(ctx, asyncio.Coro(double, 20))
		if err := asyncio.Sleep(ctx, time.Second/2); err != nil {
			return err
		}
		say("half a second later: only the task has started")
		ten, err1 := coro.Await(ctx)
		twenty, err2 := task.Await(ctx)
		say("results: %d and %d", ten, twenty)
		// end
		return errors.Join(err1, err2)
	})
}

func forgotten(ctx context.Context, st *stage) error {
	say := st.say
	// show: forgotten
	save := func(ctx context.Context) error {
		if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		say("save fails")
		return errors.New("the disk is full")
	}
	main := func(ctx context.Context) error {
		asyncio.Go(ctx, save, asyncio.Name("save"))
		err := asyncio.Sleep(ctx, 200*time.Millisecond)
		say("main ends")
		return err
	}
	report := func(u asyncio.Unhandled) {
		say("reported: %q of %s: %v", u.Task.Name(), u.Created, u.Err)
	}
	err := asyncio.Run(ctx, main, asyncio.WithErrorHandler(report))
	say("Run returned: %v", err)
	// end
	if err == nil {
		return errors.New("the error of a forgotten task was lost")
	}
	return nil
}

func kept(ctx context.Context, st *stage) error {
	say := st.say
	save := func(ctx context.Context) error {
		if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		return errors.New("the disk is full")
	}
	divide := func(ctx context.Context, n int) (int, error) {
		if err := asyncio.Sleep(ctx, 100*time.Millisecond); err != nil {
			return 0, err
		}
		if n == 0 {
			return 0, errors.New("division by zero")
		}
		return 100 / n, nil
	}
	return asyncio.Run(ctx, func(ctx context.Context) error {
		// show: kept
		kept := asyncio.Go(ctx, save)
		_, err := kept.Await(ctx)
		say("the kept task: %v", err)

		by4, by0 := asyncio.Coro(divide, 4), asyncio.Coro(divide, 0)
		for _, r := range asyncio.GatherResults(ctx, by4, by0) {
			say("value %d, error %v", r.Value, r.Err)
		}
		// end
		return nil
	})
}

func cancel(ctx context.Context, st *stage) error {
	say := st.say
	// show: cancel
	worker := func(ctx context.Context) error {
		for {
			say("working")
			if err := asyncio.Sleep(ctx, 200*time.Millisecond); err != nil {
				say("cleaning up, because %v", context.Cause(ctx))
				return err
			}
		}
	}
	// end
	return asyncio.Run(ctx, func(ctx context.Context) error {
		// show: cancel
		task := asyncio.Go(ctx, worker)
		if err := asyncio.Sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
		task.Cancel(errors.New("enough is done"))
		_, err := task.Await(ctx)
		say("cancelled: %t", errors.Is(err, asyncio.ErrTaskCancelled))
		// end
		return nil
	})
}

func timeout(ctx context.Context, st *stage) error {
	say := st.say
	// show: timeout
	answer := func(ctx context.Context, after time.Duration) (int, error) {
		return 42, asyncio.Sleep(ctx, after)
	}
	// end
	return asyncio.Run(ctx, func(ctx context.Context) error {
		// show: timeout
		quick := asyncio.Coro(answer, 100*time.Millisecond)
		n, err := asyncio.WaitFor(ctx, 500*time.Millisecond, quick)
		say("quick: %d, error %v", n, err)

		slow := asyncio.Coro(answer, time.Hour)
		_, err = asyncio.WaitFor(ctx, 500*time.Millisecond, slow)
		timedOut := errors.Is(err, context.DeadlineExceeded)
		say("slow: timed out %t, error %v", timedOut, err)
		// end
		return nil
	})
}
