//go:build !unix && !windows

package stall

import "time"

// CPUTime is not told here.
func CPUTime() time.Duration { return 0 }
