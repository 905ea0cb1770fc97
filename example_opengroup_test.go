package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A mailer sends in the background. Its tasks end with Close.
type mailer struct{ sending *asyncio.Group }

func newMailer(ctx context.Context) *mailer { return &mailer{asyncio.OpenGroup(ctx)} }

func (m *mailer) send(to string) {
	m.sending.Go(func(ctx context.Context) error {
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		fmt.Println("sent to", to)
		return nil
	}, asyncio.Name("mail to "+to))
}

func ExampleGroup() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		m := newMailer(ctx)
		defer m.sending.Close(ctx)
		m.send("Ada")
		m.send("Alan")
		return asyncio.Sleep(ctx, 20*time.Millisecond)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// sent to Ada
	// sent to Alan
}

// A group that is not closed ends with its owner, here a task group, which waits for it
// and returns its errors.
func ExampleOpenGroup() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			g := asyncio.OpenGroup(ctx)
			g.Go(func(ctx context.Context) error { return errors.New("disk full") })
			return nil
		})
		fmt.Println(err)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// disk full
}

// The first failure cancels the other tasks. Close returns it.
func ExampleGroup_Go() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		g := asyncio.OpenGroup(ctx)
		reader := g.Go(func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		g.Go(func(ctx context.Context) error { return errors.New("the writer fails") })
		fmt.Println("the reader is cancelled:", errors.Is(reader.Join(ctx), asyncio.ErrTaskCancelled))
		fmt.Println(g.Close(ctx))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// the reader is cancelled: true
	// the writer fails
}

func ExampleGroup_Len() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		g := asyncio.OpenGroup(ctx)
		first := g.Go(func(ctx context.Context) error { return nil })
		g.Go(func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		fmt.Println(g.Len())
		if err := first.Join(ctx); err != nil {
			return err
		}
		fmt.Println(g.Len())
		err := g.Close(ctx)
		fmt.Println(g.Len())
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2
	// 1
	// 0
}

// Close cancels the tasks and waits until their clean-up has ended.
func ExampleGroup_Close() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		g := asyncio.OpenGroup(ctx)
		g.Go(func(ctx context.Context) error {
			err := asyncio.Sleep(ctx, time.Hour)
			fmt.Println("saved")
			return err
		})
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		fmt.Println("closed:", g.Close(ctx))

		late := g.Go(func(ctx context.Context) error { return nil })
		fmt.Println("late:", errors.Is(late.Err(), asyncio.ErrScopeEnded))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// saved
	// closed: <nil>
	// late: true
}
