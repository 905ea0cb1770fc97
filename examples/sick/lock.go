package main

import (
	"context"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A shelf is taken from by one worker at a time, also while it is filled up.
type shelf struct {
	mu   sync.Mutex
	lock asyncio.Lock
	left int
}

// take takes a packet from the shelf.
func (s *shop) take(ctx context.Context, text string) error {
	if s.sick("lock") {
		s.shelf.mu.Lock() // the second worker who comes here blocks the loop
		defer s.shelf.mu.Unlock()
		return s.takeOne(ctx)
	}
	if err := s.shelf.lock.Acquire(ctx); err != nil {
		return err
	}
	defer s.shelf.lock.Release()
	return s.takeOne(ctx)
}

func (s *shop) takeOne(ctx context.Context) error {
	if s.shelf.left == 0 {
		s.missing = append(s.missing, "tea")
		s.refill.Set()
		if err := asyncio.Sleep(ctx, 150*time.Millisecond); err != nil { // to the store room and back
			return err
		}
		s.shelf.left = 3
	}
	s.shelf.left--
	return nil
}
