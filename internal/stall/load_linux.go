package stall

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The CPU quota of the control group and the hypervisor can stop the process from outside.

// throttled returns how long the quota has stopped the control group. It returns 0 without a quota.
func throttled() time.Duration {
	path := quotaFile()
	if path == "" {
		return 0
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	return throttledTime(text)
}

// throttledTime parses a cpu.stat: throttled_usec in version 2 of control groups,
// throttled_time in nanoseconds in version 1.
func throttledTime(text []byte) time.Duration {
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
		n, err := strconv.ParseInt(string(value), 10, 64)
		switch {
		case err != nil:
		case string(name) == "throttled_usec":
			return time.Duration(n) * time.Microsecond
		case string(name) == "throttled_time":
			return time.Duration(n)
		}
	}
	return 0
}

// quotaFile returns the path of the cpu.stat of the process's control group. It returns "" if no file
// has the counter.
var quotaFile = sync.OnceValue(func() string {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for _, path := range quotaFiles(string(groups)) {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, []byte("throttled_")) {
			return path
		}
	}
	return ""
})

// quotaFiles returns the possible paths of cpu.stat, given /proc/self/cgroup. In a container the
// group itself may be mounted as the root.
func quotaFiles(groups string) []string {
	const root, file = "/sys/fs/cgroup", "/cpu.stat"
	var paths []string
	for line := range strings.Lines(groups) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, ok := strings.Cut(rest, ":")
		group = strings.TrimSuffix(group, "/")
		switch {
		case !ok:
		case controllers == "":
			paths = append(paths, root+group+file, root+file)
		case strings.Contains(","+controllers+",", ",cpu,"):
			paths = append(paths, root+"/"+controllers+group+file, root+"/cpu"+group+file, root+"/cpu"+file)
		}
	}
	return paths
}

// stolen returns how long the hypervisor has kept each processor, on average.
func stolen() time.Duration {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0
	}
	defer f.Close()
	var text [512]byte
	n, err := f.Read(text[:])
	if err != nil && err != io.EOF {
		return 0
	}
	return stolenTime(text[:n]) / time.Duration(runtime.NumCPU())
}

// stolenTime parses the eighth number of the first line of /proc/stat, the sum of all processors in
// hundredths of a second.
func stolenTime(text []byte) time.Duration {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[8]), 10, 64)
	return time.Duration(n) * 10 * time.Millisecond
}

// Queued returns how many threads of the process run or want a processor, besides the caller's. It
// reads the third field of each thread's stat. It returns 0 if a thread waits for a disk.
func Queued() int {
	n, disk := 0, false
	eachThread("stat", func(text []byte) {
		switch threadState(text) {
		case 'R':
			n++
		case 'D':
			disk = true
		}
	})
	if disk {
		return 0
	}
	return max(0, n-1)
}

// threadState returns the field after the name. The name is in parentheses and may contain some.
func threadState(text []byte) byte {
	end := bytes.LastIndexByte(text, ')')
	if fields := bytes.Fields(text[end+1:]); end > 0 && len(fields) > 0 {
		return fields[0][0]
	}
	return 0
}
