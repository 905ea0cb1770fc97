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

// The test binary is the child too: this variable says what it does.
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

// tools are what the examples run: this binary by other names, so that they need
// nothing installed.
var tools = map[string]func(){
	"cat":   func() { io.Copy(os.Stdout, os.Stdin) },
	"sleep": forever,
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

// installTools puts them first on the path.
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

// child is a command that runs one of the children.
func child(format string, args ...any) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childMode+"="+fmt.Sprintf(format, args...))
	return cmd
}

// children are what a child may do, with a number.
var children = map[string]func(n int){
	"exit":   os.Exit,
	"hello":  func(int) { fmt.Println("hello"); fmt.Fprintln(os.Stderr, "and welcome") },
	"cat":    func(int) { io.Copy(os.Stdout, os.Stdin) },
	"fail":   func(n int) { fmt.Fprintln(os.Stderr, "no luck today"); os.Exit(n) },
	"flood":  flood,
	"ignore": func(int) { fmt.Println("it takes nothing") }, // and its input goes nowhere
	"hang":   hang,
	"mute":   func(int) { forever() },
	"polite": polite,
	"deaf":   deaf,
}

func init() { // they start children themselves
	children["parent"], children["daemon"], children["runaway"] = parent, daemon, runaway
}

// flood writes n bytes to each output, in turns, and then reads what it got.
func flood(n int) {
	page := bytes.Repeat([]byte{'x'}, 4096)
	for written := 0; written < n; written += len(page) {
		os.Stdout.Write(page[:min(len(page), n-written)])
		os.Stderr.Write(page[:min(len(page), n-written)])
	}
	io.Copy(io.Discard, os.Stdin)
}

// hang says that it is there, and its number, and waits for ever.
func hang(int) {
	fmt.Println(os.Getpid())
	forever()
}

// forever blocks, until the process is killed: that is what is tested.
func forever() {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer w.Close()
	r.Read(make([]byte, 1)) // nobody writes
}

// polite ends by itself, with n, when it is told to.
func polite(n int) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	fmt.Println(os.Getpid())
	fmt.Println("told to end by", <-c)
	os.Exit(n)
}

// deaf does not end when it is told to.
func deaf(int) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	hang(0)
}

// runaway starts a child that leaves the group, tells its number, and exits.
func runaway(int) {
	cmd := child("mute")
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println(cmd.Process.Pid)
}

// parent starts a child that hangs and keeps the outputs; then it exits if n is 1.
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
