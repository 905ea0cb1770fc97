//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// killWorker sends the signal to a worker. It opens a handle of the process before it checks the
// process, so that no other process with the same pid can get the signal.
func killWorker(pid int, s syscall.Signal) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer p.Release()
	if !isOurs("/proc/"+strconv.Itoa(pid), ledgerVar+"=") {
		return os.ErrProcessDone
	}
	return p.Signal(s)
}

// isOurs reports whether the process was started with the variable.
func isOurs(proc, variable string) bool {
	env, err := os.ReadFile(proc + "/environ")
	return err == nil && bytes.Contains(env, []byte(variable))
}

// An inventory is the open files and the number of goroutines of this process.
type inventory struct {
	files      map[string]string // by descriptor
	goroutines int
}

func takeInventory() inventory {
	return inventory{openFiles(), runtime.NumGoroutine()}
}

func openFiles() map[string]string {
	files := map[string]string{}
	names, _ := filepath.Glob("/proc/self/fd/*")
	for _, n := range names {
		if to, err := os.Readlink(n); err == nil { // fails for the descriptor of the directory itself
			files[filepath.Base(n)] = to
		}
	}
	return files
}

// leaks returns files and goroutines that the inventory does not have, and processes that have a
// ledger in dir. It waits for at most 5 seconds until there are none.
func (before inventory) leaks(dir string) (found []string) {
	for limit := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		found = before.diff(dir)
		if len(found) == 0 || time.Now().After(limit) {
			return found
		}
	}
}

func (before inventory) diff(dir string) (found []string) {
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range procs {
		if isOurs(p, ledgerVar+"="+dir) {
			line, _ := os.ReadFile(p + "/cmdline")
			found = append(found, fmt.Sprintf("process %s is left: %q", filepath.Base(p), line))
		}
	}
	now := openFiles()
	for fd, to := range now {
		if len(now) > len(before.files) && before.files[fd] != to {
			found = append(found, fmt.Sprintf("descriptor %s is left: %s", fd, to))
		}
	}
	if n := runtime.NumGoroutine(); n > before.goroutines {
		var stacks strings.Builder
		pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		found = append(found, fmt.Sprintf("%d goroutines, %d before:\n%s", n, before.goroutines, stacks.String()))
	}
	return found
}
