package stress

import (
	"fmt"
	"slices"
)

// items records what becomes of the items of one queue or channel. It is used under the machine's mutex.
type items struct {
	sent    map[int]string // by number: what became of the call that sent it
	got     map[int]bool
	inside  []int // of a queue: what it holds, oldest first
	dropped bool  // the queue was shut down with immediate
	order   string
}

const (
	sending = "is being sent"
	sent    = "was sent"
	failed  = "was not sent"
)

func newItems(order string) *items {
	return &items{sent: map[int]string{}, got: map[int]bool{}, order: order}
}

// put records that a queue took an item.
func (q *items) put(n int) {
	q.sent[n] = sent
	q.inside = append(q.inside, n)
}

// take records that an item of a queue was received, and returns what is wrong with that.
func (q *items) take(n int) string {
	wrong := q.receive(n)
	i := slices.Index(q.inside, n)
	if i < 0 {
		return "an item that the queue does not hold"
	}
	if wrong == "" && !q.dropped {
		if want := q.next(); n != want {
			wrong = "an item before its turn"
		}
	}
	q.inside = slices.Delete(q.inside, i, i+1)
	return wrong
}

// next returns the item that the queue gives next.
func (q *items) next() int {
	switch q.order {
	case "lifo":
		return q.inside[len(q.inside)-1]
	case "priority":
		return slices.MinFunc(q.inside, byPriority)
	}
	return q.inside[0]
}

// byPriority is the order of the priority queues. Of the items with the same rank the oldest comes first.
func byPriority(a, b int) int { return a%3 - b%3 }

// receive records that an item was received, and returns what is wrong with that.
func (q *items) receive(n int) string {
	state, known := q.sent[n]
	again := q.got[n]
	q.got[n] = true
	switch {
	case !known:
		return "an item that was never sent"
	case again:
		return "an item twice"
	case state == failed:
		return "an item whose sending failed"
	}
	return ""
}

// check returns what is wrong when everything has ended and what was left inside has been received.
func (q *items) check() (wrong []string) {
	for n, state := range q.sent {
		switch {
		case state == sent && !q.got[n] && !q.dropped:
			wrong = append(wrong, fmt.Sprintf("item %d was sent and is lost", n))
		case state == failed && q.got[n]:
			wrong = append(wrong, fmt.Sprintf("item %d was received though its sending failed", n))
		}
	}
	slices.Sort(wrong)
	return wrong
}
