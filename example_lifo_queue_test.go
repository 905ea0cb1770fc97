package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A pool of connections gives the one that was used last: it is the least likely
// to have been closed by the other side.
func ExampleLIFOQueue() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		idle := asyncio.NewLIFOQueue[string](0)
		for _, conn := range []string{"conn 1", "conn 2"} {
			idle.TryPut(conn)
		}
		query := func(ctx context.Context, sql string) (struct{}, error) {
			conn, err := idle.Get(ctx)
			if err != nil {
				return struct{}{}, err
			}
			defer idle.TryPut(conn)
			fmt.Println(conn, sql)
			return struct{}{}, asyncio.Sleep(ctx, time.Millisecond)
		}
		for _, sql := range []string{"SELECT 1", "SELECT 2"} {
			if _, err := query(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// conn 2 SELECT 1
	// conn 2 SELECT 2
}

func ExampleNewLIFOQueue() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		undo := asyncio.NewLIFOQueue[string](100)
		undo.TryPut("typed a")
		undo.TryPut("typed b")
		fmt.Println(undo.TryGet())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// typed b true
}

func ExampleLIFOQueue_Put() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		plates := asyncio.NewLIFOQueue[int](1)
		fmt.Println(plates.Put(ctx, 1))
		limited, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		fmt.Println(plates.Put(limited, 2))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// <nil>
	// context deadline exceeded
}

func ExampleLIFOQueue_Get() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		plates := asyncio.NewLIFOQueue[int](0)
		for plate := range 3 {
			plates.TryPut(plate)
		}
		top, err := plates.Get(ctx)
		fmt.Println(top)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 2
}

func ExampleLIFOQueue_TryPut() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		plates := asyncio.NewLIFOQueue[int](2)
		fmt.Println(plates.TryPut(1), plates.TryPut(2), plates.TryPut(3))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true true false
}

func ExampleLIFOQueue_TryGet() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		undo := asyncio.NewLIFOQueue[string](0)
		if _, ok := undo.TryGet(); !ok {
			fmt.Println("nothing to undo")
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// nothing to undo
}

func ExampleLIFOQueue_Len() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		undo := asyncio.NewLIFOQueue[string](0)
		undo.TryPut("typed a")
		fmt.Println(undo.Len())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1
}

// A walk over a tree that goes down first, by several workers: it is over when
// the work on every directory is done.
func ExampleLIFOQueue_Join() {
	tree := map[string][]string{"/": {"/etc", "/home"}, "/home": {"/home/ada", "/home/alan"}}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		dirs := asyncio.NewLIFOQueue[string](0)
		count := 0
		for range 2 {
			asyncio.Go(ctx, func(ctx context.Context) error {
				for dir := range dirs.All(ctx) {
					count++
					for _, sub := range tree[dir] {
						dirs.TryPut(sub)
					}
					dirs.TaskDone()
				}
				return ctx.Err()
			})
		}
		dirs.TryPut("/")
		err := dirs.Join(ctx)
		fmt.Println(count, "directories")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 5 directories
}

func ExampleLIFOQueue_TaskDone() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		plates := asyncio.NewLIFOQueue[int](0)
		plates.TryPut(1)
		washer := asyncio.Go(ctx, func(ctx context.Context) error {
			plate, err := plates.Get(ctx)
			if err != nil {
				return err
			}
			fmt.Println("washed plate", plate)
			plates.TaskDone()
			return nil
		})
		fmt.Println("joined:", plates.Join(ctx))
		return washer.Err()
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// washed plate 1
	// joined: <nil>
}

func ExampleLIFOQueue_Shutdown() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		idle := asyncio.NewLIFOQueue[string](0)
		waiting := asyncio.CreateTask(ctx, idle.Get)
		if err := asyncio.Sleep(ctx, 0); err != nil { // let it wait
			return err
		}
		idle.Shutdown(false)
		_, err := waiting.Await(ctx)
		fmt.Println(errors.Is(err, asyncio.ErrQueueShutdown))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
}

func ExampleLIFOQueue_All() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		undo := asyncio.NewLIFOQueue[string](0)
		for _, key := range []string{"a", "b", "c"} {
			undo.TryPut("typed " + key)
		}
		undo.Shutdown(false)
		for step := range undo.All(ctx) {
			fmt.Println("undo:", step)
		}
		return ctx.Err()
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// undo: typed c
	// undo: typed b
	// undo: typed a
}

// TryPut does not say why it did not add the item; Closed does.
func ExampleLIFOQueue_Closed() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		jobs := asyncio.NewLIFOQueue[string](1)
		jobs.TryPut("first")
		fmt.Println(jobs.TryPut("second"), jobs.Closed())
		jobs.Shutdown(false)
		fmt.Println(jobs.TryPut("third"), jobs.Closed())
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// false false
	// false true
}
