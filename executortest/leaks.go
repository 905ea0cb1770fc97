package executortest

import (
	"fmt"
	"runtime"
	"strings"
	"time"
)

// goroutines returns the stacks of all goroutines by their headings' number.
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

// leftOf waits until there is no goroutine but those before, and the one that
// package os/signal keeps for ever.
func leftOf(before map[string]string, atMost time.Duration) error {
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
			return fmt.Errorf("after Close %d goroutine(s) are left:\n%s", len(left), strings.Join(left, "\n\n"))
		}
		for range 100 {
			runtime.Gosched()
		}
	}
}
