package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The primitives are held against naive twins: random programs run on both, and must take the same steps in the
// same order, with the same outcome of each step and the same state after it. This file has the programs and
// runs them on the real thing; primitives_twin_test.go has the twins.

// A game is a program: players, each a task that makes its moves one after the other. All share one primitive
// of each kind, of the given sizes.
type game struct {
	scripts               [][]move
	permits, parties, max int
	kind                  string // of the queue
}

// A move is one call. If it fails because the player was cancelled, the player gives back what it holds and
// leaves; any other outcome is taken as it comes.
type move struct {
	do    string
	on    int // the lock, or the player to cancel
	n     int // how many to notify, nanoseconds to sleep, or the item to put
	limit int // nanoseconds that a wait may take, or one of these:
}

const (
	noLimit  = -1
	shielded = -2 // the wait goes on though the player is cancelled, to the end of the game

	unconditional = -3 // within a move: nothing ends the wait but what it waits for
)

// families are the moves of a game about one primitive; those that let others go on come more than once.
var families = [][]string{
	{"yield", "acquire", "acquire", "acquire", "try", "release", "release", "release", "cancel", "sleep"},
	{"yield", "wait", "wait", "wait", "set", "clear", "cancel", "sleep"},
	{"yield", "acquire", "condition", "condition", "condition", "condition", "notify", "notify", "notify", "notify all", "release", "release",
		"cancel", "sleep"},
	{"yield", "permit", "permit", "permit", "try permit", "give back", "give back", "cancel", "sleep"},
	{"yield", "barrier", "barrier", "barrier", "barrier", "barrier", "barrier", "reset", "reset", "abort", "cancel", "sleep"},
	{"yield", "put", "put", "put", "get", "get", "get", "try put", "try get", "cancel", "sleep"},
	{"yield", "put", "put", "put", "get", "get", "get", "try put", "try get", "done", "done", "done", "join", "join", "shutdown", "shutdown now",
		"cancel", "cancel", "sleep", "sleep"},
	{"yield", "acquire", "release", "condition", "notify all", "set", "clear", "wait", "permit", "give back", "barrier", "put", "get",
		"done", "join", "cancel", "sleep"},
}

// newGame reads a game from the bytes; those that are missing count as 0.
func newGame(bytes []byte) *game {
	next := func(n int) int {
		if len(bytes) == 0 {
			return 0
		}
		b := bytes[0]
		bytes = bytes[1:]
		return int(b) % n
	}
	moves := families[next(len(families))]
	g := &game{permits: 1 + next(3), parties: 1 + next(4), max: next(6)}
	g.kind = []string{"Queue", "LIFOQueue", "PriorityQueue"}[next(3)]
	g.scripts = make([][]move, 2+next(6))
	item := 0
	for i := range g.scripts {
		for range 1 + next(10) {
			m := move{do: moves[next(len(moves))], limit: noLimit}
			switch m.do {
			case "yield", "sleep":
				m.n = 1 + next(3)
			case "acquire", "try", "release":
				m.on = next(2)
			case "notify":
				m.n = next(3)
			case "cancel":
				m.on = next(len(g.scripts))
			case "put", "try put":
				item++
				m.n = item*4 + next(4)
			}
			switch limit := next(12); {
			case limit < 4:
				m.limit = limit
			case limit < 6:
				m.limit = shielded
			}
			g.scripts[i] = append(g.scripts[i], m)
		}
	}
	return g
}

// byRank is the order of a PriorityQueue of items.
func byRank(a, b int) bool { return a%4 < b%4 }

// standing is what can be seen of the primitives; it is part of every step.
type standing struct {
	locked   [2]bool
	set      bool
	waiting  int
	broken   bool
	items    int
	holders  [2]int // players that hold the lock, as they tell
	permits  int    // held by players, likewise
	put, got int    // items that went in and came out, likewise
}

func (s standing) String() string {
	return fmt.Sprintf("locked %v by %v, set %v, waiting %d, broken %v, items %d, permits %d, put %d, got %d",
		s.locked, s.holders, s.set, s.waiting, s.broken, s.items, s.permits, s.put, s.got)
}

// check looks for what must never be, whatever the twin says.
func (s standing) check(g *game) error {
	for i, n := range s.holders {
		if n > 1 || n == 1 && !s.locked[i] {
			return fmt.Errorf("%d players hold lock %d, which is locked: %v", n, i, s.locked[i])
		}
	}
	switch {
	case s.permits > g.permits:
		return fmt.Errorf("%d of %d permits are held", s.permits, g.permits)
	case s.waiting >= g.parties:
		return fmt.Errorf("%d wait at a barrier for %d", s.waiting, g.parties)
	case s.items < 0 || g.max > 0 && s.items > g.max:
		return fmt.Errorf("%d items in a queue for %d", s.items, g.max)
	}
	return nil
}

// A board has the real primitives.
type board struct {
	t         *testing.T
	game      *game
	locks     [2]asyncio.Lock
	condition *asyncio.Condition
	event     asyncio.Event
	semaphore *asyncio.Semaphore
	barrier   *asyncio.Barrier
	queue     anyQueue
	shelter   context.Context // of shielded waits
	tasks     []*asyncio.Task[struct{}]
	told      standing // what the players tell
	out       map[int]bool
	steps     trace
}

// play runs the game on the real primitives and returns its steps.
func play(t *testing.T, g *game) trace {
	b := &board{t: t, game: g, semaphore: asyncio.NewSemaphore(g.permits), barrier: asyncio.NewBarrier(g.parties), out: map[int]bool{}}
	b.condition = asyncio.NewCondition(&b.locks[0])
	b.queue = map[string]func() anyQueue{
		"Queue":         func() anyQueue { return asyncio.NewQueue[int](g.max) },
		"LIFOQueue":     func() anyQueue { return asyncio.NewLIFOQueue[int](g.max) },
		"PriorityQueue": func() anyQueue { return asyncio.NewPriorityQueue(g.max, byRank) },
	}[g.kind]()
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		shelter, end := asyncio.WithTimeout(ctx, 1000*time.Hour)
		b.shelter = shelter
		for i := range g.scripts {
			b.tasks = append(b.tasks, asyncio.Go(ctx, func(ctx context.Context) error { return b.player(ctx, i) }))
		}
		asyncio.Sleep(ctx, time.Hour) // until nothing goes on by itself any more
		b.steps.add("the end")
		end()
		for _, task := range b.tasks {
			task.Cancel(nil)
		}
		for _, task := range b.tasks {
			task.Await(ctx)
		}
	})
	return b.steps
}

// standing is what can be seen now.
func (b *board) standing() standing {
	s := b.told
	s.locked = [2]bool{b.locks[0].Locked(), b.locks[1].Locked()}
	s.set, s.waiting, s.broken, s.items = b.event.IsSet(), b.barrier.Waiting(), b.barrier.Broken(), b.queue.Len()
	return s
}

func (b *board) step(player, i int, m move, outcome string) {
	s := b.standing()
	b.steps.add(step(player, i, m, outcome, s))
	if err := s.check(b.game); err != nil {
		b.t.Errorf("%v after\n%s", err, strings.Join(b.steps, "\n"))
	}
}

// step is one line of the steps, of the real thing and of the twin.
func step(player, i int, m move, outcome string, s standing) string {
	return fmt.Sprintf("%d.%d %s %d %d (%d) -> %s; %v", player, i, m.do, m.on, m.n, m.limit, outcome, s)
}

// outcomeOf puts the error of a move into words.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case err == context.Canceled:
		return "cancelled"
	case err == context.DeadlineExceeded:
		return "timeout"
	case errors.Is(err, asyncio.ErrDeadlock):
		return "deadlock"
	case errors.Is(err, asyncio.ErrQueueShutdown):
		return "shut down"
	case errors.Is(err, asyncio.ErrBarrierBroken):
		return "broken"
	}
	return err.Error()
}
