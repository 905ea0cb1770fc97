package executortest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// goroutines returns the stacks of all goroutines, by ID.
func goroutines() map[string]string {
	buf := make([]byte, 1<<16)
	for {
		if n := runtime.Stack(buf, true); n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if heading := strings.Fields(stack); len(heading) > 1 {
			all[heading[1]] = stack
		}
	}
	return all
}

// awaitNoNewGoroutines waits until all goroutines that are not in before have ended. It ignores
// the goroutine of package os/signal, which does not end.
func awaitNoNewGoroutines(before map[string]string, atMost time.Duration) error {
	for limit := time.Now().Add(atMost); ; {
		var left []string
		for id, stack := range goroutines() {
			if before[id] == "" && !strings.Contains(stack, "os/signal.loop") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("%d goroutine(s) still run after Close:\n%s", len(left), strings.Join(left, "\n\n"))
		}
		for range 100 {
			runtime.Gosched()
		}
	}
}
