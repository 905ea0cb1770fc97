package bench

import (
	"fmt"
	"os"
)

// residentBytes is the memory that the kernel has mapped in for this process.
func residentBytes() (int64, error) {
	const path = "/proc/self/statm"
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0, fmt.Errorf("%s holds %q, want two numbers of pages: %w", path, text, err)
	}
	return resident * int64(os.Getpagesize()), nil
}
