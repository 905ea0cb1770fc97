//go:build !386 && !arm && !mips && !mipsle

package layout

import (
	"os/exec"
	"regexp"
	"testing"
)

// inlined are the functions of the hot path that the compiler is to inline: a call costs
// one to two nanoseconds, on a path of some forty, and each return after a switch of
// coroutines is mispredicted. One that has outgrown the compiler's budget wants its
// seldom part in a function of its own.
var inlined = map[string][]string{
	"internal/coro": {"(*Coro).Resume", "(*Coro).Suspend", "(*Coro).Begin", "idOf"},
	"internal/engine": {
		"(*Loop).Current", "(*Loop).Elapsed", "(*Loop).spin", "(*Node).cancelled", "(*Node).standing", "(*Node).addParked", "(*Node).wakeParked",
		"(*runner).leaveNode", "(*readyQueue).pushTask", "(*readyQueue).nextTask", "(*readyQueue).len", "(*WaitList).Push", "(*WaitList).WakeFirst",
		"(*WaitList).WakeAll", "(*Waiter).Remove", "(*Completion).IsDone", "(*Completion).Init", "(*Completion).Claim", "(*Completion).publish", "Caller.Park", "Caller.Within",
		"(*counters).live", "(*Loop).post",
	},
	"internal/timerheap": {"(*slot).before", "(*Heap).up", "(*Heap).Len", "(*Heap).Empty"},
	"internal/histogram": {"(*Histogram).Add"},
	".":                  {"(*Lock).Locked", "(*Event).IsSet", "procOf", "Name"},
}

func TestTheHotPathIsInlined(t *testing.T) {
	for dir, names := range inlined {
		out, err := exec.Command("go", "build", "-gcflags=-m", "./"+dir).CombinedOutput()
		if err != nil {
			t.Fatalf("go build -gcflags=-m ./%s: %v\n%s", dir, err, out)
		}
		can := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m): can inline (\S+)`).FindAllSubmatch(out, -1) {
			can[string(m[1])] = true
		}
		for _, name := range names {
			if !can[name] {
				t.Errorf("%s: %s is not inlined", dir, name)
			}
		}
	}
}
