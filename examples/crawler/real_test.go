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
	db := filepath.Join(t.TempDir(), "crawl.db")
	var out, errs bytes.Buffer
	args := []string{"-db", db, "-site", "60", "-hosts", "2", "-slow", "10ms", "-pause", "1ms", "-backoff", "1ms", "-tries", "4"}
	if status := run(t.Context(), args, &out, &errs); status != 0 || errs.Len() > 0 {
		t.Fatalf("exit status %d\n%s%s", status, &out, &errs)
	}
	o, err := parse(args, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	pages, links := stored(t, db)
	var hosts [2]string // the site's ports differ from run to run
	for url, r := range pages {
		if r.title == "Home" {
			hosts[0] = strings.TrimSuffix(url, "/")
		} else if host, found := strings.CutSuffix(url, "/page/1"); found {
			hosts[1] = host
		}
	}
	want, wantLinks := expected(newSite(o, hosts[:]))
	for _, rows := range []map[string]row{pages, want} { // on a busy machine more pages than one may take too long
		for url, r := range rows {
			r.tries = 0
			rows[url] = r
		}
	}
	compare(t, pages, want)
	if links != wantLinks {
		t.Errorf("%d links are stored, want %d", links, wantLinks)
	}
	matched := regexp.MustCompile(`^crawling http://127.0.0.1:\d+, and 1 other hosts
pages: (\d+) in \d+\.\d s \(\d+ fine, \d+ moved, \d+ failed\), with \d+ further tries
links not followed: 1 to other sites, 1 too deep, 0 too many
stored in .*crawl.db: (\d+) pages in \d+ batches
$`).FindStringSubmatch(out.String())
	if n := strconv.Itoa(len(want)); matched == nil || matched[1] != n || matched[2] != n {
		t.Errorf("it printed\n%s\nwant %s pages", &out, n)
	}

	out.Reset()
	if status := run(t.Context(), args, &out, &errs); status != 1 || !strings.Contains(errs.String(), "exists already: remove it, or name another file with -db") {
		t.Errorf("with the same database: exit status %d\n%s%s", status, &out, &errs)
	}
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-db=":          "-db is empty; expected the name of a file",
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
// than now. What only has to run to its end is given the turns it needs.
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
		for range 1_000_000 {
			if runtime.NumGoroutine() <= goroutines && openFiles() <= files {
				return
			}
			runtime.Gosched()
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
