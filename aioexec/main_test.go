//go:build linux

package aioexec_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childMode is the environment variable that makes the test binary a child.
const childMode = "AIOEXEC_TEST_CHILD"

func TestMain(m *testing.M) {
	if tool := tools[filepath.Base(os.Args[0])]; tool != nil {
		tool()
		os.Exit(0)
	}
	if mode, ok := os.LookupEnv(childMode); ok {
		name, arg, _ := strings.Cut(mode, " ")
		n, _ := strconv.Atoi(arg)
		children[name](n)
		os.Exit(0)
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // or every child of a race-detecting binary takes a second to end
	remove := installTools()
	status := m.Run()
	remove()
	os.Exit(status)
}

// tools are the programs of the examples: this binary, linked under other names.
var tools = map[string]func(){
	"cat":   func() { io.Copy(os.Stdout, os.Stdin) },
	"sleep": block,
	"false": func() { os.Exit(1) },
	"yes": func() {
		for page := strings.Repeat("y\n", 1<<14); ; {
			if _, err := os.Stdout.WriteString(page); err != nil {
				os.Exit(1)
			}
		}
	},
	"echo": func() { fmt.Println(strings.Join(os.Args[1:], " ")) },
	"sort": func() {
		text, _ := io.ReadAll(os.Stdin)
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		slices.Sort(lines)
		fmt.Println(strings.Join(lines, "\n"))
	},
}

// installTools puts links to the tools first in PATH.
func installTools() (remove func()) {
	dir, err := os.MkdirTemp("", "aioexec")
	if err != nil {
		panic(err)
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	for name := range tools {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			panic(err)
		}
	}
	os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() { os.RemoveAll(dir) }
}

// child returns a command that runs one of the children.
func child(format string, args ...any) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childMode+"="+fmt.Sprintf(format, args...))
	return cmd
}

// children are the main functions of children, by name, with an argument.
var children = map[string]func(n int){
	"exit":           os.Exit,
	"hello":          func(int) { fmt.Println("hello"); fmt.Fprintln(os.Stderr, "and welcome") },
	"cat":            func(int) { io.Copy(os.Stdout, os.Stdin) },
	"fail":           func(n int) { fmt.Fprintln(os.Stderr, "no luck today"); os.Exit(n) },
	"flood":          flood,
	"ignore":         func(int) { fmt.Println("input ignored") }, // and does not read
	"hang":           hang,
	"mute":           func(int) { block() },
	"exit-on-signal": exitOnSignal,
	"ignore-signals": ignoreSignals,
}

func init() { // these refer to child, which would be an initialization cycle
	children["parent"], children["daemon"], children["leave-group"] = parent, daemon, leaveGroup
}

// flood writes n bytes to each output, alternately, and then reads its input.
func flood(n int) {
	page := bytes.Repeat([]byte{'x'}, 4096)
	for written := 0; written < n; written += len(page) {
		os.Stdout.Write(page[:min(len(page), n-written)])
		os.Stderr.Write(page[:min(len(page), n-written)])
	}
	io.Copy(io.Discard, os.Stdin)
}

// hang prints its pid and blocks.
func hang(int) {
	fmt.Println(os.Getpid())
	block()
}

// block blocks until the process is killed.
func block() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer w.Close()
	r.Read(make([]byte, 1)) // the pipe has no data
}

// exitOnSignal exits with n after a signal.
func exitOnSignal(n int) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	fmt.Println(os.Getpid())
	fmt.Println("signal:", <-c)
	os.Exit(n)
}

// ignoreSignals prints its pid, ignores signals, and blocks.
func ignoreSignals(int) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	hang(0)
}

// leaveGroup starts a child in another group, prints its pid, and exits.
func leaveGroup(int) {
	cmd := child("mute")
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println(cmd.Process.Pid)
}

// parent starts a child that blocks with the outputs open. If n is 1, parent then exits.
func parent(n int) {
	cmd := child("hang")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	if n != 1 {
		cmd.Wait()
	}
}
