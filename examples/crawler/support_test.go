package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// lab is a crawler and its site in virtual time. There is no network between them: the
// lab is the crawler's http.RoundTripper.
type lab struct {
	t       *testing.T
	site    *site
	crawler *crawler
	delay   time.Duration      // before each answer
	end     context.CancelFunc // what Ctrl-C does
	done    *asyncio.Task[struct{}]

	mu      sync.Mutex
	asked   []request
	now     map[string]int // requests under way, by host; "" are all
	most    map[string]int // the most there were at once
	written int64          // bytes of the answers that were longest
}

// request is what the site was asked.
type request struct {
	url *url.URL
	at  time.Duration // since the beginning
}

// newLab has a crawler with these flags.
func newLab(t *testing.T, flags string) *lab {
	t.Helper()
	o, err := parse(strings.Fields("-db "+filepath.Join(t.TempDir(), "crawl.db")+" "+flags), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for i := range o.hosts {
		hosts = append(hosts, fmt.Sprintf("http://host-%d.test", i))
	}
	l := &lab{t: t, site: newSite(o, hosts), now: map[string]int{}, most: map[string]int{}}
	l.crawler = newCrawler(o, l)
	return l
}

// crawl runs the crawler to its end. Beside it, body may do something. It returns how
// long the crawl took.
func (l *lab) crawl(body func(ctx context.Context), bar io.Writer) (took time.Duration, err error) {
	l.t.Helper()
	asynciotest.Run(l.t, func(ctx context.Context, t *testing.T) {
		interrupted, end := context.WithCancel(ctx)
		defer end()
		l.end = end
		began := time.Now()
		l.done = asyncio.Go(ctx, func(context.Context) error { return l.crawler.run(interrupted, l.site.hosts, bar) })
		if body != nil {
			body(ctx)
		}
		_, err = l.done.Await(ctx)
		took = time.Since(began)
	})
	for host, n := range l.now {
		if n != 0 {
			l.t.Errorf("at the end %d requests to %q are under way", n, host)
		}
	}
	return took, err
}

// expect is crawl for one that ends well.
func (l *lab) expect(body func(ctx context.Context)) (took time.Duration) {
	l.t.Helper()
	took, err := l.crawl(body, nil)
	if err != nil {
		l.t.Errorf("the crawl ended with %v", err)
	}
	return took
}

// RoundTrip has the site answer, in a goroutine as net/http does.
func (l *lab) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.asked = append(l.asked, request{r.URL, time.Since(bubbleStart)})
	for _, host := range []string{"", r.URL.Host} {
		l.now[host]++
		l.most[host] = max(l.most[host], l.now[host])
	}
	l.mu.Unlock()
	from, to := io.Pipe()
	w := &writer{to: to, header: http.Header{}, begun: make(chan struct{})}
	over := make(chan struct{})
	go func() {
		defer close(over)
		time.Sleep(l.delay)
		l.site.ServeHTTP(w, r)
		w.WriteHeader(http.StatusOK)
		defer to.Close() // when it has been counted: the crawler goes on then
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now[""]--
		l.now[r.URL.Host]--
		l.written = max(l.written, w.written)
	}()
	context.AfterFunc(r.Context(), func() { from.CloseWithError(r.Context().Err()) })
	select {
	case <-w.begun:
		return &http.Response{StatusCode: w.status, Header: w.header, Body: body{from, over}, Request: r}, nil
	case <-r.Context().Done():
		<-over
		return nil, r.Context().Err()
	}
}

// body is closed when nobody writes it any more.
type body struct {
	*io.PipeReader
	over chan struct{}
}

func (b body) Close() error {
	defer func() { <-b.over }()
	return b.PipeReader.Close()
}

// bubbleStart is when every bubble of testing/synctest begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

type writer struct {
	to      *io.PipeWriter
	header  http.Header
	status  int
	begun   chan struct{}
	written int64
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		close(w.begun)
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	n, err := w.to.Write(p)
	w.written += int64(n)
	return n, err
}

// times returns when the site was asked for a path.
func (l *lab) times(path string) (at []time.Duration) {
	for _, r := range l.asked {
		if r.url.Path == path {
			at = append(at, r.at)
		}
	}
	return at
}

// row is a page as it is stored.
type row struct {
	url           string
	depth, status int
	tries         int
	title         string
	problem       string
}

// stored reads the database. A second row for a page fails the test.
func stored(t *testing.T, name string) (pages map[string]row, links int) {
	t.Helper()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("select url, depth, status, tries, title, problem from pages")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	pages = map[string]row{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.url, &r.depth, &r.status, &r.tries, &r.title, &r.problem); err != nil {
			t.Fatal(err)
		}
		pages[r.url] = r
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if err := db.QueryRow("select count(*) from links").Scan(&links); err != nil {
		t.Fatal(err)
	}
	return pages, links
}

// expected is what a database holds of the site. It says in words of its own what the
// site is like.
func expected(s *site) (pages map[string]row, links int) {
	pages = map[string]row{}
	add := func(path string, r row) { // on the first host
		r.url = s.hosts[0] + path
		pages[r.url] = r
	}
	add("/", row{depth: 0, status: 200, tries: 1, title: "Home"})
	links += 4 // page 1, elsewhere, mailto and the one with #top; the bad one is none
	depths := map[int]int{1: 1}
	for i := 1; i <= s.site; i++ {
		host := s.hosts[i%len(s.hosts)]
		if i > 1 {
			p, reached := depths[parent(i)]
			if !reached || parent(i)%10 == 5 && s.tries < 3 {
				continue // whoever knows the way there did not tell
			}
			depths[i] = p + 1
			links++ // from its parent
		}
		r := row{url: fmt.Sprint(host, "/page/", i), depth: depths[i], status: 200, tries: 1, title: fmt.Sprintf("Page %d & its links", i)}
		switch i % 10 {
		case 2:
			pages[fmt.Sprint(host, "/missing/", i)] = row{fmt.Sprint(host, "/missing/", i), r.depth + 1, 404, 1, "", "Not Found"}
			links++
		case 5:
			if r.tries = min(3, s.tries); r.tries < 3 {
				r.status, r.title, r.problem = 503, "", "Service Unavailable"
			}
		case 7:
			r.status, r.tries, r.title, r.problem = 500, s.tries, "", "Internal Server Error"
		case 9:
			pages[fmt.Sprint(host, "/old/", i)] = row{fmt.Sprint(host, "/old/", i), r.depth, 301, 1, "", ""}
			links++
			depths[i]++
			r.depth++
		}
		if r.status == 200 {
			links += 2 // home, and back
		}
		pages[r.url] = r
	}
	if s.site >= 1 {
		first := func(path string, r row) {
			r.url = s.hosts[1%len(s.hosts)] + path
			pages[r.url] = r
		}
		links += 4
		first("/silent", row{depth: 2, tries: s.tries, problem: fmt.Sprintf("no answer within %v", s.timeout)})
		first("/endless", row{depth: 2, status: 200, tries: 1, problem: "a page of more than 1048576 bytes"})
		for i := range 3 {
			first(fmt.Sprint("/round/", i), row{depth: 2 + i, status: 302, tries: 1})
			links++
		}
		for i := 1; i+1 <= s.depth; i++ {
			first(fmt.Sprint("/trap/", i), row{depth: i + 1, status: 200, tries: 1, title: fmt.Sprint("Day ", i)})
			links++
		}
	}
	return pages, links
}

// compare compares databases.
func compare(t *testing.T, got, want map[string]row) {
	t.Helper()
	for url, r := range want {
		if got[url] != r {
			t.Errorf("stored: %+v\n   want: %+v", got[url], r)
		}
	}
	for url, r := range got {
		if _, ok := want[url]; !ok {
			t.Errorf("stored, but not expected: %+v", r)
		}
	}
}
