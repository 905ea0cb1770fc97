package stall

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// RunDelay is how long the threads of the process stood in line for a processor
// so far: the second number of each thread's schedstat.
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

// eachThread reads a file of each thread of the process.
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
		if text, err := os.ReadFile(dir + "/" + name + "/" + file); err == nil { // otherwise it has ended, or the kernel does not count
			read(text)
		}
	}
}

// maxThreads bounds the price of a reading.
const maxThreads = 256
