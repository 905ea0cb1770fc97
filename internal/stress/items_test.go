package stress

import (
	"fmt"
	"slices"
)

// An items records the items of one queue or channel. The machine's mutex guards it.
type items struct {
	sent    map[int]string // the result of the call that sent the item, by number
	got     map[int]bool
	inside  []int // the content of a queue, oldest first
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

// take records that an item of a queue was received. It returns what is wrong with that, or
// nothing.
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

// next returns the item that the queue must return next.
func (q *items) next() int {
	switch q.order {
	case "lifo":
		return q.inside[len(q.inside)-1]
	case "priority":
		return slices.MinFunc(q.inside, byPriority)
	}
	return q.inside[0]
}

// byPriority is the order of the priority queues. Items of the same rank are in order of arrival.
func byPriority(a, b int) int { return a%3 - b%3 }

// receive records that an item was received. It returns what is wrong with that, or nothing.
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

// check is called after the end, when the remaining items were received. It returns what is wrong.
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
