//go:build !linux

package bench

import "time"

// rest pauses the calling goroutine; the standard library knows no portable
// way to block the thread.
func rest(d time.Duration) error {
	time.Sleep(d)
	return nil
}
