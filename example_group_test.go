package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The tasks that are created with the group's ctx belong to it. The group
// returns when all have ended.
func ExampleWithTaskGroup() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		sizes := map[string]int{}
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for _, page := range []string{"index", "about", "contact"} {
				asyncio.Go(ctx, func(ctx context.Context) error {
					err := asyncio.Sleep(ctx, time.Millisecond) // fetch it
					sizes[page] = len(page)
					return err
				})
			}
			return nil
		})
		fmt.Println(sizes)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// map[about:5 contact:7 index:5]
}

// A failure cancels the siblings. All errors come back, first the one that came
// first.
func ExampleWithTaskGroup_error() {
	errLink, errDisk := errors.New("link down"), errors.New("disk full")

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				asyncio.Sleep(ctx, time.Hour) // cancelled by the failure of the other
				return errDisk                // saving what it has fails as well
			})
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
			asyncio.Go(ctx, func(ctx context.Context) error { return errLink })
			return nil
		})
		fmt.Println(err)
		fmt.Println(errors.Is(err, errLink), errors.Is(err, errDisk), errors.Is(err, context.Canceled))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// link down
	// disk full
	// true true false
}

// A task may add others to its group, as a crawler does.
func ExampleWithTaskGroup_nested() {
	links := map[string][]string{"/": {"/docs", "/blog"}, "/docs": {"/docs/guide"}, "/blog": {"/"}}
	seen := map[string]bool{}
	var crawl func(ctx context.Context, page string)
	crawl = func(ctx context.Context, page string) {
		if seen[page] {
			return
		}
		seen[page] = true
		asyncio.Go(ctx, func(ctx context.Context) error {
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil { // fetch it
				return err
			}
			for _, link := range links[page] {
				crawl(ctx, link)
			}
			return nil
		})
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			crawl(ctx, "/")
			return nil
		})
		fmt.Println(len(seen), "pages")
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 4 pages
}

// A group that has ended takes no tasks: its ctx must not be kept.
func ExampleWithTaskGroup_ended() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var kept context.Context
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			kept = ctx
			return nil
		})
		late := asyncio.Go(kept, func(ctx context.Context) error { return nil })
		fmt.Println(errors.Is(late.Err(), asyncio.ErrScopeEnded))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// true
}
