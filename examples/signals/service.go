package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A service takes jobs in, one after the other, and has workers do them. Its
// fields are changed by several tasks and need no lock: tasks take turns.
type service struct {
	workers int           // jobs worked on at once
	every   time.Duration // from one job to the next
	job     time.Duration // how long a job takes
	drain   time.Duration // for what was accepted, once the service is to end
	out     io.Writer

	accepted, done int
}

func newService(out io.Writer) *service {
	return &service{workers: 3, every: 200 * time.Millisecond, job: time.Second, drain: 10 * time.Second, out: out}
}

// serve works until ctx is cancelled, and then ends in order: it accepts no
// more, lets the workers finish what was accepted, and cancels what is not
// finished in time.
func (s *service) serve(ctx context.Context) error {
	jobs := asyncio.NewQueue[int](100)
	// The tasks have to outlive the interruption by as long as draining takes. So
	// the group is made with a ctx that has everything of ours but the cancellation.
	return asyncio.WithTaskGroup(context.WithoutCancel(ctx), func(group context.Context) error {
		for range s.workers {
			asyncio.Go(group, func(ctx context.Context) error { return s.work(ctx, jobs) })
		}
		acceptor := asyncio.Go(group, func(ctx context.Context) error { return s.accept(ctx, jobs) })

		// 1. Stop accepting. This await, with ctx, is what the signal interrupts; it
		// leaves the acceptor alone. The queue is closed when the acceptor has ended.
		_, err := acceptor.Await(ctx)
		if ctx.Err() != nil {
			acceptor.Cancel(errors.New("the service is ending"))
			if _, err = acceptor.Await(group); errors.Is(err, asyncio.ErrTaskCancelled) {
				err = nil
			}
		}
		if err != nil {
			return err
		}
		jobs.Shutdown(false)
		s.say(group, "accepting no more; %d accepted jobs have %v to finish", s.accepted-s.done, s.drain)

		// 2. Drain.
		limited, cancel := asyncio.WithTimeout(group, s.drain)
		defer cancel()
		err = jobs.Join(limited)

		// 3. Cancel. A group whose body fails cancels its tasks and waits for them.
		if err != nil {
			return fmt.Errorf("%d of %d accepted jobs were not finished: %w", s.accepted-s.done, s.accepted, err)
		}
		return nil
	})
}

// accept is where the jobs come from. A real service accepts connections here,
// or reads a message queue.
func (s *service) accept(ctx context.Context, jobs *asyncio.Queue[int]) error {
	for number := 1; ; number++ {
		if err := jobs.Put(ctx, number); err != nil {
			return err
		}
		s.accepted++
		s.say(withJob(ctx, number), "accepted")
		if err := asyncio.Sleep(ctx, s.every); err != nil {
			return err
		}
	}
}

// work does jobs until there will be no more, or until it is cancelled.
func (s *service) work(ctx context.Context, jobs *asyncio.Queue[int]) error {
	for number := range jobs.All(ctx) {
		err := s.do(withJob(ctx, number))
		jobs.TaskDone()
		if err != nil {
			return err
		}
		s.done++
	}
	return ctx.Err() // nil: the queue was shut down, and is empty
}

// do does one job, which has two halves that are done at the same time. If it is
// cancelled it gives the job back, so that it is not lost.
func (s *service) do(ctx context.Context) error {
	s.say(ctx, "begins")
	_, err := asyncio.Gather(ctx, asyncio.Proc(s.half), asyncio.Proc(s.half))
	if ctx.Err() != nil {
		// Every await with ctx fails by now. What has to await all the same
		// does so with a ctx that has its values and is not cancelled.
		if failed := s.giveBack(context.WithoutCancel(ctx)); failed != nil {
			return failed
		}
	}
	if err == nil {
		s.say(ctx, "done")
	}
	return err
}

// half runs as a task of its own; the job's number came along in its ctx.
func (s *service) half(ctx context.Context) error {
	if err := asyncio.Sleep(ctx, s.job); err != nil {
		s.say(ctx, "half of it cancelled")
		return err
	}
	return nil
}

// giveBack tells whoever sent the job to send it again.
func (s *service) giveBack(ctx context.Context) error {
	if err := asyncio.Sleep(ctx, 10*time.Millisecond); err != nil {
		return err
	}
	s.say(ctx, "given back")
	return nil
}

// jobKey is the key of the job's number. A value that belongs to a task, and to
// all tasks that it creates, is an ordinary value of its ctx.
type jobKey struct{}

func withJob(ctx context.Context, number int) context.Context {
	return context.WithValue(ctx, jobKey{}, number)
}

// say prints a line, and which job it is about.
func (s *service) say(ctx context.Context, format string, args ...any) {
	if number, ok := ctx.Value(jobKey{}).(int); ok {
		format = fmt.Sprintf("job %d: ", number) + format
	}
	fmt.Fprintf(s.out, format+"\n", args...)
}
