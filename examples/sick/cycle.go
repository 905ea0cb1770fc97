package main

import (
	"context"
	"time"

	"github.com/asyncio-go/asyncio"
)

// An account is held across awaits: a booking holds both of its sides. A semaphore does
// not report a wait cycle, because it does not know which tasks have its permits. A Lock
// does.
type account struct {
	permit *asyncio.Semaphore
	pence  int
}

func newAccount() account { return account{permit: asyncio.NewSemaphore(1)} }

// book moves the money of an order from the till to the bank.
func (s *shop) book(ctx context.Context, text string) error {
	if err := s.cash.permit.Acquire(ctx); err != nil {
		return err
	}
	defer s.cash.permit.Release()
	if err := asyncio.Sleep(ctx, 5*time.Millisecond); err != nil { // counting
		return err
	}
	if err := s.bank.permit.Acquire(ctx); err != nil {
		return err
	}
	defer s.bank.permit.Release()
	s.cash.pence, s.bank.pence = s.cash.pence-350, s.bank.pence+350
	return nil
}

// refund moves some of it back, now and then.
func (s *shop) refund(ctx context.Context) error {
	first, second := s.cash.permit, s.bank.permit // all in the same order
	if s.sick("cycle") {
		first, second = second, first
	}
	for {
		if err := asyncio.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		if err := s.refundOne(ctx, first, second); err != nil {
			return err
		}
	}
}

func (s *shop) refundOne(ctx context.Context, first, second *asyncio.Semaphore) error {
	if err := first.Acquire(ctx); err != nil {
		return err
	}
	defer first.Release()
	if err := asyncio.Sleep(ctx, 5*time.Millisecond); err != nil {
		return err
	}
	if err := second.Acquire(ctx); err != nil {
		return err
	}
	defer second.Release()
	s.cash.pence, s.bank.pence = s.cash.pence+10, s.bank.pence-10
	return nil
}
