//go:build !linux

package stall

import "time"

// RunDelay is not told by other systems.
func RunDelay() time.Duration { return 0 }

func throttled() time.Duration { return 0 }

func stolen() time.Duration { return 0 }

// Queued is not told by other systems.
func Queued() int { return 0 }
