package stall

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// RunDelay returns how long threads of the process have been queued for a processor: the sum of the
// second numbers of their schedstat files.
func RunDelay() time.Duration {
	var sum time.Duration
	eachThread("schedstat", func(text []byte) {
		if fields := bytes.Fields(text); len(fields) > 1 {
			n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			sum += time.Duration(n)
		}
	})
	return sum
}

// eachThread calls read with a file of each thread of the process.
func eachThread(file string, read func(text []byte)) {
	const dir = "/proc/self/task"
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	names, err := d.Readdirnames(maxThreads)
	if err != nil {
		return
	}
	for _, name := range names {
		if text, err := os.ReadFile(dir + "/" + name + "/" + file); err == nil { // otherwise the thread has ended, or the kernel does not count
			read(text)
		}
	}
}

// maxThreads bounds the cost of a reading.
const maxThreads = 256
