//go:build !linux

package stall

import "time"

// RunDelay is not told by other systems.
func RunDelay() time.Duration { return 0 }
