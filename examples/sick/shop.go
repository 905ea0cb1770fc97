package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A shop takes orders from connections, one a line, and has workers fulfil them. But
// for what package sync guards, its fields belong to the loop and need no lock.
type shop struct {
	ill   string
	cured bool
	world *world

	outMu sync.Mutex // customers print beside the loop
	out   io.Writer

	orders  *asyncio.Queue[*order]
	shelf   shelf
	cash    account
	bank    account
	auditor asyncio.AnyTask
	audits  *asyncio.Queue[string]
	refill  asyncio.Event
	missing []string
}

type order struct {
	text   string
	answer *asyncio.Future[string]
}

// What is sick about it is where sick is asked: in the files blocked.go to threads.go.
func (s *shop) sick(illness string) bool { return s.ill == illness && !s.cured }

const (
	workers  = 4
	patience = 2 * time.Second // for an order, from its line to its answer
	drain    = 3 * time.Second // for what was accepted, once the shop is to close
)

func newShop(out io.Writer) *shop {
	return &shop{out: out, cash: newAccount(), bank: newAccount(), audits: asyncio.NewQueue[string](0), orders: asyncio.NewQueue[*order](100)}
}

func (s *shop) say(format string, args ...any) {
	s.outMu.Lock()
	defer s.outMu.Unlock()
	fmt.Fprintf(s.out, format+"\n", args...)
}

// serve is the shop from its opening to its end in order: no more customers, the orders
// that were accepted, the archive, and the rest is cancelled.
func (s *shop) serve(ctx context.Context, address string) error {
	listener, err := aionet.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	stopCustomers := s.world.sendCustomers(listener.Addr().String(), s.say)
	defer stopCustomers()
	return asyncio.WithTaskGroup(context.WithoutCancel(ctx), func(group context.Context) error {
		open, closes := context.WithCancel(group) // what is to end when the shop closes
		defer closes()
		for i := range workers {
			asyncio.Go(open, s.work, asyncio.Name(fmt.Sprint("worker ", i+1)))
		}
		asyncio.Go(open, s.beat, asyncio.Name("heartbeat"))
		asyncio.Go(open, s.restock, asyncio.Name("restock"))
		asyncio.Go(open, s.refund, asyncio.Name("refund"))
		asyncio.Go(open, s.inventory, asyncio.Name("inventory"))
		s.startAudit(ctx, open)
		server := asyncio.Go(group, func(ctx context.Context) error { return listener.Serve(ctx, s.customer) }, asyncio.Name("server"))

		_, err := server.Await(ctx) // until the signal
		if ctx.Err() == nil {
			return fmt.Errorf("the server ended by itself: %w", err)
		}
		stopCustomers()
		limited, cancel := asyncio.WithTimeout(group, drain)
		defer cancel()
		if err := listener.Shutdown(limited); err != nil {
			return err
		}
		closes()
		return s.farewell(group)
	})
}

// customer is one connection: lines in, lines out.
func (s *shop) customer(ctx context.Context, conn *aionet.Conn) error {
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		text, err := s.place(ctx, lines.Text())
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			text = "timed out"
		case err != nil:
			return err
		}
		if _, err := fmt.Fprintln(conn, text); err != nil {
			return err
		}
	}
	return lines.Err()
}

// place hands an order to the workers and waits for the answer.
func (s *shop) place(ctx context.Context, text string) (string, error) {
	ctx, cancel := asyncio.WithTimeout(ctx, patience)
	defer cancel()
	o := &order{text: text, answer: asyncio.NewFuture[string](ctx)}
	if err := s.orders.Put(ctx, o); err != nil {
		return "", err
	}
	return o.answer.Await(ctx)
}

// work fulfils orders until there will be no more.
func (s *shop) work(ctx context.Context) error {
	for o := range s.orders.All(ctx) {
		err := s.fulfil(ctx, o.text)
		s.orders.TaskDone()
		if err != nil {
			return err
		}
		o.answer.SetResult("done: " + o.text)
	}
	return ctx.Err()
}

func (s *shop) fulfil(ctx context.Context, text string) error {
	for _, step := range []func(context.Context, string) error{s.tax, s.take, s.book, s.weigh, s.confirm, s.record} {
		if err := step(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// beat says when it is late, as a monitor outside would.
func (s *shop) beat(ctx context.Context) error {
	const period = 250 * time.Millisecond
	for due := time.Now().Add(period); ; due = time.Now().Add(period) {
		if err := asyncio.Sleep(ctx, period); err != nil {
			return err
		}
		if late := time.Since(due); late > 100*time.Millisecond {
			s.say("heartbeat: %v late", late.Round(time.Millisecond))
		}
	}
}
