package storm

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var (
	runFor = flag.Duration("storm.for", 0, "run rounds with new seeds for this time, instead of fixed seeds")
	seed   = flag.Uint64("storm.seed", 0, "run only the round of this seed")
)

// roundTimeout is the time after which a round counts as stuck.
const roundTimeout = 2 * time.Minute

// counts are the totals of all rounds.
type counts struct {
	rounds                            atomic.Int64
	connected, refused, cut, received atomic.Int64 // by clients
	late                              atomic.Int64 // TCP clients that were reset: see the package comment
	accepted, requests, answers       atomic.Int64 // by servers
}

func (c *counts) String() string {
	return fmt.Sprintf("%d rounds; clients: %d connected, %d refused, %d answers, %d cut, %d late; servers: %d accepted, %d requests, %d answers",
		c.rounds.Load(), c.connected.Load(), c.refused.Load(), c.received.Load(), c.cut.Load(), c.late.Load(), c.accepted.Load(), c.requests.Load(), c.answers.Load())
}

func TestStorm(t *testing.T) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // discards the errors of handlers whose clients leave
	warmUp(t)
	c := &counts{}
	defer func() { t.Log(c) }()
	switch {
	case *seed != 0:
		one(t, *seed, c)
	case *runFor != 0:
		for end := time.Now().Add(*runFor); time.Now().Before(end) && !t.Failed(); {
			one(t, rand.Uint64()>>1, c)
		}
	default:
		for s := uint64(1); s <= 40 && !t.Failed(); s++ {
			one(t, s, c)
		}
	}
}

// one runs a round and checks that no goroutine or descriptor is left.
func one(t *testing.T, seed uint64, c *counts) {
	r := newRound(seed, c)
	goroutines, files := runtime.NumGoroutine(), descriptors()
	received, answers := c.received.Load(), c.answers.Load()
	stuck := time.AfterFunc(roundTimeout, func() {
		buf := make([]byte, 1<<20)
		panic(fmt.Sprintf("%v: stuck for %v\n%s", r, roundTimeout, buf[:runtime.Stack(buf, true)]))
	})
	r.run(t)
	stuck.Stop()
	c.rounds.Add(1)
	received, answers = c.received.Load()-received, c.answers.Load()-answers
	if received > answers {
		r.violate("clients received %d answers, the server sent %d", received, answers)
	}
	if !waitFor(func() bool { return runtime.NumGoroutine() <= goroutines && descriptors() <= files }) {
		r.violate("%d goroutines, %d before; %d descriptors, %d before", runtime.NumGoroutine(), goroutines, descriptors(), files)
	}
	if len(r.wrong) > 0 {
		t.Errorf("%v\n%s\nrun it again: go test ./internal/storm -storm.seed=%d", r, strings.Join(r.wrong[:min(20, len(r.wrong))], "\n"), seed)
	}
}

// warmUp makes the runtime open the descriptors that it keeps open.
func warmUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// descriptors returns the number of open descriptors, or 0 if the system does not list them.
func descriptors() int {
	files, _ := os.ReadDir("/proc/self/fd")
	return len(files)
}

// waitFor waits until the condition holds.
func waitFor(holds func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(roundTimeout); !holds(); <-tick.C {
		if time.Now().After(limit) {
			return false
		}
	}
	return true
}
