package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// As its users meet it, in a terminal: the bar moves; Ctrl-C in the middle, and what was
// visited is there.
func TestInATerminal(t *testing.T) {
	db := filepath.Join(t.TempDir(), "crawl.db")
	screen, terminal := openTerminal(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), actAsProgram+"=-timeout 1h -db "+db) // the silent page would take an hour
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	drawn := bufio.NewScanner(screen)
	drawn.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.Index(data, []byte(eraseLine)); i >= 0 {
			return i + len(eraseLine), data[:i], nil
		}
		return 0, nil, nil
	})
	bar := regexp.MustCompile(`^\[#+\.+\] \d+ of \d+ pages, \d+ under way, (\d+) stored$`)
	logged := regexp.MustCompile(`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d WARN .*\r\n(  .*\r\n)*`) // that a busy machine blocked the loop
	last := ""
	for drawn.Scan() {
		last = logged.ReplaceAllString(drawn.Text(), "")
		if m := bar.FindStringSubmatch(last); m != nil && m[1] != "0" {
			cmd.Process.Signal(os.Interrupt)
			break
		}
	}
	for drawn.Scan() {
		last = logged.ReplaceAllString(drawn.Text(), "")
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if !bar.MatchString(last) {
		t.Errorf("the last bar was %q", last)
	}
	summary := regexp.MustCompile(`(?s)\ninterrupted; not visited: \d+\npages: (\d+) in .*\nstored in \S+: (\d+) pages in`).FindStringSubmatch(out.String())
	if summary == nil || summary[1] != summary[2] || strings.HasPrefix(summary[1], "0") {
		t.Fatalf("it printed\n%s", &out)
	}
	if pages, _ := stored(t, db); strconv.Itoa(len(pages)) != summary[1] {
		t.Errorf("%d pages in the database; it printed\n%s", len(pages), &out)
	}
}

// openTerminal returns a terminal and the screen where one sees what is written to it.
// Where there are none the test is skipped, but in CI it fails.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("there are no terminals, and in CI this test has to run: %v", err)
		}
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	return screen, terminal
}
