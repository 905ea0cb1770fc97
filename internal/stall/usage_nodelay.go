//go:build !linux

package stall

import "time"

// runDelay returns 0: this system has no such counter.
func runDelay() (sum time.Duration, known bool) { return 0, false }

func throttled() time.Duration { return 0 }

func stolen() time.Duration { return 0 }

// Queued returns 0: this system does not list the states of threads.
func Queued() int { return 0 }
