//go:build !linux

package stall

import "time"

// RunDelay returns 0: this system has no such counter.
func RunDelay() time.Duration { return 0 }

func throttled() time.Duration { return 0 }

func stolen() time.Duration { return 0 }

// Queued returns 0: this system does not list the states of threads.
func Queued() int { return 0 }
