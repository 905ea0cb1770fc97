package main

import (
	"context"
	"errors"
	"time"

	"github.com/asyncio-go/asyncio"
)

// confirm has a task wait for the customer's word that the tea has come. Nobody ever
// says so.
func (s *shop) confirm(ctx context.Context, text string) error {
	word := asyncio.NewFuture[string](ctx)
	asyncio.Go(ctx, func(ctx context.Context) error {
		if s.sick("leak") {
			_, err := word.Await(ctx) // for ever
			return err
		}
		_, err := asyncio.WaitFor(ctx, time.Second, word)
		if errors.Is(err, context.DeadlineExceeded) {
			return nil // no news is good news
		}
		return err
	})
	return nil
}
