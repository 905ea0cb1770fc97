package asyncio_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The group returns while its receipt is still being sent: the receipt's task
// belongs to Run.
func ExampleDetach() {
	var receipt *asyncio.Task[struct{}]
	order := func(ctx context.Context) error {
		receipt = asyncio.Go(asyncio.Detach(ctx), func(ctx context.Context) error {
			err := asyncio.Sleep(ctx, time.Millisecond)
			fmt.Println("receipt sent")
			return err
		})
		fmt.Println("ordered")
		return nil
	}

	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		err := asyncio.WithTaskGroup(ctx, order)
		fmt.Println("the group has ended")
		if err != nil {
			return err
		}
		return receipt.Join(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// ordered
	// the group has ended
	// receipt sent
}
