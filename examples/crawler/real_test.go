//go:build unix

package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// actAsProgram is set for a copy of the test binary that is to be the program.
const actAsProgram = "CRAWLER_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(actAsProgram); ok {
		os.Exit(run(context.Background(), strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Over real sockets the same is stored. Nothing of it is left, but the database.
func TestOverLoopback(t *testing.T) {
	nothingLeft(t)
	// A page that took too long on a busy machine was tried more often than it had to be:
	// then they all get more time.
	for timeout := time.Second; ; timeout *= 2 {
		args := strings.Fields("-site 60 -hosts 2 -slow 10ms -pause 1ms -backoff 1ms -tries 4 -timeout " + timeout.String())
		if c := crawlOverLoopback(t, append(args, "-db", filepath.Join(t.TempDir(), "crawl.db"))); c.inTime() || timeout > 10*time.Second {
			c.check(t)
			return
		}
	}
}

// crawled is what a crawl over loopback stored and printed, and what is expected.
type crawled struct {
	args             []string
	out              string
	pages, want      map[string]row
	links, wantLinks int
}

func crawlOverLoopback(t *testing.T, args []string) *crawled {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), args, &out, &errs); status != 0 || errs.Len() > 0 {
		t.Fatalf("exit status %d\n%s%s", status, &out, &errs)
	}
	o, err := parse(args, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	c := &crawled{args: args, out: out.String()}
	c.pages, c.links = stored(t, o.db)
	var hosts [2]string // the site's ports differ from run to run
	for url, r := range c.pages {
		if r.title == "Home" {
			hosts[0] = strings.TrimSuffix(url, "/")
		} else if host, found := strings.CutSuffix(url, "/page/1"); found {
			hosts[1] = host
		}
	}
	c.want, c.wantLinks = expected(newSite(o, hosts[:]))
	return c
}

// inTime reports whether each page was tried as often as it had to be.
func (c *crawled) inTime() bool {
	for url, r := range c.pages {
		if r.tries != c.want[url].tries {
			return false
		}
	}
	return true
}

func (c *crawled) check(t *testing.T) {
	t.Helper()
	compare(t, c.pages, c.want)
	if c.links != c.wantLinks {
		t.Errorf("%d links are stored, want %d", c.links, c.wantLinks)
	}
	matched := regexp.MustCompile(`^crawling http://127.0.0.1:\d+, and 1 other hosts
pages: (\d+) in \d+\.\d s \(\d+ fine, \d+ moved, \d+ failed\), with \d+ further tries
links not followed: 1 to other sites, 1 too deep, 0 too many
stored in .*crawl.db: (\d+) pages in \d+ batches
$`).FindStringSubmatch(c.out)
	if n := strconv.Itoa(len(c.want)); matched == nil || matched[1] != n || matched[2] != n {
		t.Errorf("it printed\n%s\nwant %s pages", c.out, n)
	}

	var out, errs bytes.Buffer
	if status := run(t.Context(), c.args, &out, &errs); status != 1 || !strings.Contains(errs.String(), "exists already: remove it, or name another file with -db") {
		t.Errorf("with the same database: exit status %d\n%s%s", status, &out, &errs)
	}
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-db=":          "-db is empty; expected the name of a file",
		"-db a?b":       `-db is "a?b"; expected the name of a file, without a question mark`,
		"-site 0":       "-site is 0; expected a number from 1",
		"-hosts 0":      "-hosts is 0; expected a number from 1",
		"-most 0":       "-most is 0",
		"-per-host -1":  "-per-host is -1",
		"-tries 0":      "-tries is 0",
		"-depth -1":     "-depth is -1; expected a number from 0",
		"-pages 0":      "-pages is 0",
		"-timeout 0s":   "-timeout is 0s; expected a duration such as 300ms",
		"-pause -1s":    "-pause is -1s; expected a duration",
		"-slow 3":       `"3"`,
		"-nonsense":     "-nonsense",
		"http://x.test": `unexpected argument "http://x.test"; expected flags only`,
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), strings.Fields(args), &out, &errs); status != 2 || !strings.Contains(errs.String(), want) || out.Len() > 0 {
			t.Errorf("%q: exit status %d, stderr %q, stdout %q; want 2 and %q", args, status, &errs, &out, want)
		}
	}
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"-db", filepath.Join(t.TempDir(), "none", "crawl.db")}, &out, &errs); status != 1 || !strings.Contains(errs.String(), "no such file") {
		t.Errorf("in a folder that is not there: exit status %d, %q", status, &errs)
	}
}

// nothingLeft fails the test if, at its end, there are more goroutines or open files
// than now. What only has to run to its end is given the time it needs.
func nothingLeft(t *testing.T) {
	t.Helper()
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { // from the first on the runtime keeps a poller,
		l.Close()
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt) // and a goroutine for signals
	signal.Stop(caught)
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); <-tick.C {
			if runtime.NumGoroutine() <= goroutines && openFiles() <= files {
				return
			}
		}
		stacks := make([]byte, 1<<16)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines, %d before; %d open files, %d before:\n%s", runtime.NumGoroutine(), goroutines, openFiles(), files, stacks)
	})
}

// openFiles counts descriptors where the system tells.
func openFiles() int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}
