package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestTheDatabaseHoldsTheSite(t *testing.T) {
	for _, flags := range []string{
		"",
		"-site 1",
		"-site 40 -hosts 1",
		"-site 100 -hosts 7 -per-host 1 -most 1",
		"-site 100 -tries 1 -pause 0s",
		"-site 100 -tries 5 -timeout 400ms -most 50 -per-host 20",
	} {
		t.Run(flags, func(t *testing.T) {
			l := newLab(t, flags)
			took := l.expect(nil)
			pages, links := stored(t, l.crawler.db)
			want, wantLinks := expected(l.site)
			compare(t, pages, want)
			if links != wantLinks {
				t.Errorf("%d links are stored, want %d", links, wantLinks)
			}
			c := l.crawler
			if n := c.fine + c.moved + c.failed; n != len(want) || c.stored != n || c.pending != 0 || len(c.seen) != n {
				t.Errorf("counted %d pages, %d stored, %d pending, %d seen; want %d", n, c.stored, c.pending, len(c.seen), len(want))
			}
			if want := c.stored/mostBatch + int(took/batchTime) + 1; c.batches > want { // full, or over in time
				t.Errorf("%d batches for %d pages in %v, want %d at most", c.batches, c.stored, took, want)
			}
		})
	}
}

// What the site counts: so many requests at once, so many to a host, and a pause.
func TestPoliteness(t *testing.T) {
	l := newLab(t, "-hosts 3 -per-host 2 -most 5 -pause 30ms")
	l.delay = 100 * time.Millisecond // so that there is something to do at once
	l.expect(nil)
	for host, n := range l.most {
		want := 2
		if host == "" {
			want = 5
		}
		if n != want {
			t.Errorf("%d requests at once to %q, want at most %d, and that", n, host, want)
		}
	}
	last := map[string]time.Duration{}
	for _, r := range l.asked {
		if before, ok := last[r.url.Host]; ok && r.at-before < 30*time.Millisecond {
			t.Errorf("%s was asked %v after the request before, want 30ms at least", r.url, r.at-before)
		}
		last[r.url.Host] = r.at
	}
	for _, h := range l.site.hosts {
		if u, _ := url.Parse(h); l.most[u.Host] == 0 {
			t.Errorf("%s was never asked", h)
		}
	}
}

// A host that does not answer holds up nobody but itself.
func TestAHostThatIsSlow(t *testing.T) {
	l := newLab(t, "-site 300 -hosts 3 -slow 0s -pause 10ms -tries 1 -timeout 1h")
	// The first page's host has /silent, too: it takes one of its workers for an hour.
	l.expect(func(ctx context.Context) {
		asyncio.Sleep(ctx, time.Minute)
		if c := l.crawler; c.pending != 1 || c.underWay != 1 {
			t.Errorf("after a minute %d pages are pending, %d under way; want the silent one alone", c.pending, c.underWay)
		}
	})
}

func TestRetries(t *testing.T) {
	l := newLab(t, "-site 7 -hosts 1 -pause 0s -per-host 50 -most 50 -tries 4 -backoff 100ms -timeout 1s")
	l.expect(nil)
	for _, c := range []struct {
		path string
		gaps []time.Duration // from one try to the next
	}{
		{"/page/5", []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},                            // then it comes
		{"/page/7", []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond}},    // it never does
		{"/silent", []time.Duration{1100 * time.Millisecond, 1200 * time.Millisecond, 1400 * time.Millisecond}}, // after the time-out
		{"/missing/2", nil}, // to ask again is of no use
		{"/round/0", nil},
		{"/endless", nil},
		{"/page/3", nil},
	} {
		at := l.times(c.path)
		var gaps []time.Duration
		for i := 1; i < len(at); i++ {
			gaps = append(gaps, at[i]-at[i-1])
		}
		if len(at) == 0 || !slices.Equal(gaps, c.gaps) {
			t.Errorf("%s was asked for at %v, want these pauses: %v", c.path, at, c.gaps)
		}
	}
	if want := 2 + 3 + 3; l.crawler.retries != want {
		t.Errorf("counted %d retries, want %d", l.crawler.retries, want)
	}
}

func TestTrapsEnd(t *testing.T) {
	for _, c := range []struct {
		flags   string
		trapped int // pages of the trap that were visited; -1: not told
		pages   int // all; 0: not told
	}{
		{"-site 1 -depth 50", 49, 0},
		{"-site 1 -depth 1", 0, 2},
		{"-site 1 -depth 0", 0, 1},
		{"-site 300 -depth 1000000 -pages 500", -1, 500},
		{"-site 300 -pages 1", 0, 1},
	} {
		t.Run(c.flags, func(t *testing.T) {
			l := newLab(t, c.flags+" -pause 0s")
			l.expect(nil)
			pages, _ := stored(t, l.crawler.db)
			trapped := 0
			for url := range pages {
				if strings.Contains(url, "/trap/") {
					trapped++
				}
			}
			if c.trapped >= 0 && trapped != c.trapped {
				t.Errorf("%d pages of the trap are stored, want %d", trapped, c.trapped)
			}
			if c.pages > 0 && len(pages) != c.pages {
				t.Errorf("%d pages are stored, want %d", len(pages), c.pages)
			}
			if l.crawler.tooDeep+l.crawler.tooMany == 0 {
				t.Error("no link was left alone")
			}
		})
	}
}

// Of a page without end so much is read, and no more than what is under way besides.
func TestAPageWithoutEnd(t *testing.T) {
	l := newLab(t, "-site 1")
	l.expect(nil)
	if l.written < mostSize || l.written > mostSize+(128<<10) {
		t.Errorf("%d bytes of the endless page were taken, want %d and some", l.written, mostSize)
	}
}

// Whenever Ctrl-C comes, the crawl ends at once, and what was visited is stored.
func TestInterrupted(t *testing.T) {
	const flags = "-site 60"
	all, _ := expected(newLab(t, flags).site)
	middle := false
	for at := time.Duration(0); at <= 4*time.Second; at += 373 * time.Millisecond {
		t.Run(fmt.Sprint("after ", at), func(t *testing.T) {
			l := newLab(t, flags)
			l.expect(func(ctx context.Context) {
				asyncio.Sleep(ctx, at)
				l.end()
				began := time.Now()
				if _, err := l.done.Await(ctx); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("it ended after %v, want at once", took)
				}
			})
			c := l.crawler
			pages, _ := stored(t, c.db)
			if n := c.fine + c.moved + c.failed; len(pages) != n || c.stored != n || len(c.seen) != n+c.pending {
				t.Errorf("%d pages in the database, %d visited, %d stored, %d seen, %d not visited", len(pages), n, c.stored, len(c.seen), c.pending)
			}
			if c.interrupted != (len(pages) < len(all)) || c.interrupted != strings.Contains(c.summary(), "interrupted") {
				t.Errorf("interrupted: %v, with %d pages not visited; summary:\n%s", c.interrupted, c.pending, c.summary())
			}
			for url, r := range pages {
				if r != all[url] {
					t.Errorf("stored: %+v\n   want: %+v", r, all[url])
				}
			}
			middle = middle || len(pages) > 0 && c.pending > 0
		})
	}
	if !middle {
		t.Error("no interruption came in the middle")
	}
}

// A page that was visited is stored, even if the database is slow when Ctrl-C comes.
func TestInterruptedWhileTheDatabaseIsSlow(t *testing.T) {
	l := newLab(t, "")
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		c, h := l.crawler, newHost()
		c.results = asyncio.NewQueue[page](1)
		c.results.TryPut(page{title: "the one before"})
		c.hosts["host-0.test"] = h
		c.add(link{url: "http://host-0.test/"})
		working := asyncio.Go(ctx, func(ctx context.Context) error { return c.work(ctx, h) })
		asyncio.Sleep(ctx, time.Second)
		working.Cancel(nil)
		asyncio.Sleep(ctx, time.Second)
		for _, want := range []string{"the one before", "Home"} {
			if p, err := c.results.Get(ctx); err != nil || p.title != want {
				t.Errorf("to be stored: %q, %v; want %q", p.title, err, want)
			}
		}
		if _, err := working.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("the worker ended with %v", err)
		}
	})
}

// A database that fails ends the crawl, with its error.
func TestTheDatabaseFails(t *testing.T) {
	l := newLab(t, "-pause 0s -per-host 50 -most 50")
	l.delay = 100 * time.Millisecond
	l.crawler.results = asyncio.NewQueue[page](1) // so that somebody waits for the database when it fails
	_, err := l.crawl(func(ctx context.Context) {
		asyncio.Sleep(ctx, time.Second)
		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) {
			db, err := sql.Open("sqlite", l.crawler.db)
			if err != nil {
				return struct{}{}, err
			}
			defer db.Close()
			_, err = db.ExecContext(ctx, "drop table pages")
			return struct{}{}, err
		})
		if err != nil {
			t.Error(err)
		}
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "no such table: pages") || !strings.Contains(err.Error(), "storing ") {
		t.Errorf("the crawl ended with %v", err)
	}
	if strings.Contains(err.Error(), "cancel") {
		t.Errorf("the error tells of what is only a consequence: %v", err)
	}
}

// What cannot be made leaves no file behind, which would be in the way of the next attempt.
func TestTheDatabaseCannotBeMade(t *testing.T) {
	l := newLab(t, "")
	if err := os.Mkdir(l.crawler.db+"-journal", 0o777); err != nil { // where SQLite wants a file
		t.Fatal(err)
	}
	if _, err := l.crawl(nil, nil); err == nil {
		t.Error("the crawl went well, without a database")
	}
	if _, err := os.Stat(l.crawler.db); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file is left behind: %v", err)
	}
}

// stuck is a terminal that takes nothing until it is let go.
type stuck struct{ letGo chan struct{} }

func (s *stuck) Write(p []byte) (int, error) {
	<-s.letGo
	return len(p), nil
}

// Nothing that is drawn holds up the crawl, or its end.
func TestAStuckTerminal(t *testing.T) {
	l := newLab(t, "-site 100")
	var terminal stuck
	_, err := l.crawl(func(ctx context.Context) {
		terminal.letGo = make(chan struct{}) // before the crawl's first step
		l.done.Await(ctx)
		close(terminal.letGo)
	}, &terminal)
	if want, _ := expected(l.site); err != nil || l.crawler.stored != len(want) {
		t.Errorf("%d pages are stored, %v; want %d", l.crawler.stored, err, len(want))
	}
}
