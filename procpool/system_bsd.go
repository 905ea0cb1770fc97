//go:build unix && !linux

package procpool

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

func supported(o Options) error {
	if o.MemoryLimit > 0 {
		return errors.New("procpool: Options.MemoryLimit is not supported on " + runtime.GOOS)
	}
	return nil
}

func executable() (string, error) { return os.Executable() }

// awaitExit returns false at once. The caller then waits for the end by reaping the process.
func awaitExit(int, func(stopped bool)) bool { return false }

func applyLimits(o workerConfig) error { return setNice(o.Nice) }

// niceness converts the result of the system call getpriority.
func niceness(n int) int { return n }

// maxRSS returns the peak resident set size of the process in bytes. macOS reports bytes, the
// other systems KiB.
func maxRSS(state *os.ProcessState) int64 {
	u, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin" || runtime.GOOS == "ios":
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}

func rss(int) int64 { return 0 }

// memory is empty: there is no shared memory on these systems.
type memory struct{}

func (memory) create() []*os.File { return nil }
func (memory) inherit() error     { return nil }
func (memory) closeFiles()        {}
