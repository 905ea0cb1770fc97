package asynciotest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// A bubble runs synctest.Test in a goroutine of its own: the test ends even if its bubble
// never does.
type bubble struct {
	ended    chan struct{}
	returned bool // synctest.Test returned; false: it panicked or ended its goroutine
	panic    any
}

func startBubble(t *testing.T, body func(t *testing.T)) *bubble {
	b := &bubble{ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		defer func() {
			if !b.returned {
				b.panic = recover()
			}
		}()
		synctest.Test(t, body)
		b.returned = true
	}()
	return b
}

// conclude does in the test's goroutine what synctest.Test did in the bubble's. Goroutines
// that can never run again are a failure of the test, not a panic of the program.
func (b *bubble) conclude(t *testing.T, w *watchdog) {
	t.Helper()
	switch {
	case b.returned:
	case b.panic == nil:
		t.FailNow()
	case strings.HasPrefix(fmt.Sprint(b.panic), "deadlock: "):
		t.Fatalf("asynciotest: %v:\n\n%s", b.panic, w.goroutines())
	default:
		panic(b.panic)
	}
}
