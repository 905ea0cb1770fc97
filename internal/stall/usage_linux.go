package stall

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// runDelay returns how long threads of the process have been queued for a processor: the sum of the
// second numbers of their schedstat files. It reports whether the kernel counts that, and for all of
// the threads.
func runDelay() (sum time.Duration, known bool) {
	ran := false
	threads := eachThread("schedstat", func(text []byte) {
		delay, slices := queuedFor(text)
		sum += delay
		ran = ran || slices > 0
	})
	return sum, ran && threads < maxThreads
}

// queuedFor parses a schedstat: the time on a processor, the time in the queue, and the number of time
// slices. A kernel that does not count prints zeros.
func queuedFor(text []byte) (delay time.Duration, slices int64) {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return 0, 0
	}
	n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	slices, _ = strconv.ParseInt(string(fields[2]), 10, 64)
	return time.Duration(n), slices
}

// eachThread calls read with a file of each thread of the process. It returns the number of threads
// that it has found, maxThreads at most.
func eachThread(file string, read func(text []byte)) int {
	const dir = "/proc/self/task"
	d, err := os.Open(dir)
	if err != nil {
		return 0
	}
	defer d.Close()
	names, err := d.Readdirnames(maxThreads)
	if err != nil {
		return 0
	}
	for _, name := range names {
		if text, err := os.ReadFile(dir + "/" + name + "/" + file); err == nil { // otherwise the thread has ended, or the kernel does not count
			read(text)
		}
	}
	return len(names)
}

// maxThreads bounds the cost of a reading.
const maxThreads = 256
