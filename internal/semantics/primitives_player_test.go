package semantics_test

import (
	"context"
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The moves of a player of a game (see primitives_game_test.go), made on the real primitives.

// hand is what a player holds.
type hand struct {
	locks   [2]bool
	permits int
}

// player is the task of one player.
func (b *board) player(ctx context.Context, id int) error {
	var h hand
	defer func() {
		for i, held := range h.locks {
			if held {
				b.told.holders[i]--
				b.locks[i].Release()
			}
		}
		for ; h.permits > 0; h.permits-- {
			b.told.permits--
			b.semaphore.Release()
		}
		b.steps.add(fmt.Sprintf("%d leaves; %v", id, b.standing()))
	}()
	for i, m := range b.game.scripts[id] {
		b.step(id, i, m, "")
		outcome := b.move(ctx, m, &h)
		b.step(id, i, m, outcome)
		if outcome == "cancelled" {
			return ctx.Err()
		}
	}
	return nil
}

// move makes one move and tells what came of it.
func (b *board) move(ctx context.Context, m move, h *hand) string {
	limited := func(call func(ctx context.Context) error) string {
		switch {
		case m.limit == shielded:
			return outcomeOf(call(b.shelter))
		case m.limit != noLimit:
			ctx, cancel := asyncio.WithTimeout(ctx, time.Duration(m.limit))
			defer cancel()
			return outcomeOf(call(ctx))
		}
		return outcomeOf(call(ctx))
	}
	switch m.do {
	case "yield":
		return outcomeOf(asyncio.Sleep(ctx, 0))
	case "sleep":
		return outcomeOf(asyncio.Sleep(ctx, time.Duration(m.n)))
	case "cancel":
		return fmt.Sprint(b.tasks[m.on].Cancel(nil))
	case "wait":
		return limited(b.event.Wait)
	case "set":
		b.event.Set()
	case "clear":
		b.event.Clear()
	case "barrier":
		number := 0
		outcome := limited(func(ctx context.Context) (err error) { number, err = b.barrier.Wait(ctx); return err })
		if outcome == "ok" || number != 0 {
			return fmt.Sprint(outcome, " ", number)
		}
		return outcome
	case "reset":
		b.barrier.Reset()
	case "abort":
		b.barrier.Abort()
	case "acquire", "try", "release", "condition", "notify", "notify all":
		return b.lockMove(m, h, limited)
	case "permit", "try permit", "give back":
		return b.permitMove(m, h, limited)
	default:
		return b.queueMove(m, limited)
	}
	return "ok"
}

// withinLimit makes a call that waits as the move says, and puts what came of it into words.
type withinLimit func(call func(ctx context.Context) error) string

func (b *board) lockMove(m move, h *hand, limited withinLimit) string {
	lock, held := &b.locks[m.on], &h.locks[m.on]
	switch {
	case *held && (m.do == "acquire" || m.do == "try"):
		return "has it"
	case m.do == "acquire":
		if outcome := limited(lock.Acquire); outcome != "ok" {
			return outcome
		}
	case m.do == "try":
		if !lock.TryAcquire() {
			return "no"
		}
	case m.do == "release" && !*held:
		return "has it not"
	case m.do == "release":
		*held = false
		b.told.holders[m.on]--
		lock.Release()
		return "ok"
	default:
		return b.conditionMove(m, *held, limited)
	}
	*held = true
	b.told.holders[m.on]++
	return "ok"
}

// conditionMove makes the moves that want the first lock; who has it not gets it for the time of the move.
func (b *board) conditionMove(m move, held bool, limited withinLimit) string {
	lock := &b.locks[0]
	if !held {
		switch {
		case m.do == "condition":
			if outcome := limited(lock.Acquire); outcome != "ok" {
				return outcome
			}
		case !lock.TryAcquire():
			return "no"
		}
		b.told.holders[0]++
		defer func() {
			b.told.holders[0]--
			lock.Release()
		}()
	}
	switch m.do {
	case "condition":
		b.told.holders[0]--
		defer func() { b.told.holders[0]++ }()
		return limited(b.condition.Wait)
	case "notify":
		b.condition.Notify(m.n)
	case "notify all":
		b.condition.NotifyAll()
	}
	return "ok"
}

func (b *board) permitMove(m move, h *hand, limited withinLimit) string {
	switch m.do {
	case "permit":
		if outcome := limited(b.semaphore.Acquire); outcome != "ok" {
			return outcome
		}
	case "try permit":
		if !b.semaphore.TryAcquire() {
			return "no"
		}
	case "give back":
		if h.permits == 0 {
			return "has none"
		}
		h.permits--
		b.told.permits--
		b.semaphore.Release()
		return "ok"
	}
	h.permits++
	b.told.permits++
	return "ok"
}

func (b *board) queueMove(m move, limited withinLimit) string {
	switch m.do {
	case "put":
		outcome := limited(func(ctx context.Context) error { return b.queue.Put(ctx, m.n) })
		if outcome == "ok" {
			b.told.put++
		}
		return outcome
	case "try put":
		if !b.queue.TryPut(m.n) {
			return "no"
		}
		b.told.put++
	case "get":
		var v int
		outcome := limited(func(ctx context.Context) (err error) { v, err = b.queue.Get(ctx); return err })
		if outcome != "ok" {
			return outcome
		}
		return b.took(v)
	case "try get":
		v, ok := b.queue.TryGet()
		if !ok {
			return "no"
		}
		return b.took(v)
	case "done":
		if v := panicOf(b.queue.TaskDone); v != nil {
			return "panic"
		}
	case "join":
		return limited(b.queue.Join)
	case "shutdown":
		b.queue.Shutdown(false)
	case "shutdown now":
		b.queue.Shutdown(true)
	}
	return "ok"
}

// took notes an item that came out of the queue, which none does twice.
func (b *board) took(v int) string {
	if b.out[v] {
		b.t.Errorf("item %d came out twice", v)
	}
	b.out[v] = true
	b.told.got++
	return fmt.Sprint("got ", v)
}
