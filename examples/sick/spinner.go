package main

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// restock orders what is missing from the shelf.
func (s *shop) restock(ctx context.Context) error {
	for {
		for len(s.missing) == 0 {
			if s.sick("spinner") {
				if err := asyncio.Sleep(ctx, 0); err != nil { // asks again, and again
					return err
				}
				continue
			}
			s.refill.Clear()
			if err := s.refill.Wait(ctx); err != nil {
				return err
			}
		}
		s.missing = s.missing[:0]
	}
}
