package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

// crawler belongs to the loop, as hosts do.
type crawler struct {
	options
	client  *http.Client
	hosts   map[string]*host // by name and port; others are left alone
	seen    map[string]bool  // URLs that were visited, or will be
	permits *asyncio.Semaphore
	results *asyncio.Queue[page] // on their way to the database
	pending int                  // pages to visit, or being visited
	visited asyncio.Event        // set when pending is 0

	took                         time.Duration
	fine, moved, failed, retries int // pages, and tries beyond the first
	underWay                     int // requests
	elsewhere, tooDeep, tooMany  int // links not followed
	stored, batches              int
	interrupted                  bool
}

// host is where some of the pages are. It has workers of its own.
type host struct {
	queue *asyncio.Queue[link]
	next  time.Time // when it may be asked again
}

func newHost() *host { return &host{queue: asyncio.NewQueue[link](0)} } // -pages is its bound

// link is a page to visit.
type link struct {
	url   string
	depth int // links from the first page
}

// page is what became of a link.
type page struct {
	link
	status  int // of HTTP; 0: no answer
	tries   int
	size    int
	title   string
	problem string // why there is no page; empty: there is one, or it has moved
	links   []string
}

const mostResults = 100 // that wait for the database; then workers wait too

func newCrawler(o options, transport http.RoundTripper) *crawler {
	return &crawler{
		options: o,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it is a link like any other
		},
		hosts:   map[string]*host{},
		seen:    map[string]bool{},
		permits: asyncio.NewSemaphore(o.most),
		results: asyncio.NewQueue[page](mostResults),
	}
}

// run crawls the hosts from the first one's home page on, until all has been visited or
// ctx is cancelled. Then what has been visited is stored, and it returns.
func (c *crawler) run(ctx context.Context, hosts []string, bar io.Writer) error {
	own := context.WithoutCancel(ctx) // the end is ordered below
	store, err := openStore(own, c.db)
	if err != nil {
		return err
	}
	defer store.close(own)
	began := time.Now()
	err = asyncio.WithTaskGroup(own, func(group context.Context) error {
		if bar != nil {
			showing := asyncio.Go(group, func(ctx context.Context) error { return c.show(ctx, bar) }, asyncio.Name("bar"))
			defer showing.Cancel(nil)
		}
		storing := asyncio.Go(group, func(ctx context.Context) error { return c.storeAll(ctx, store) }, asyncio.Name("store"))
		crawling := asyncio.Go(group, func(ctx context.Context) error { return c.crawl(ctx, hosts) }, asyncio.Name("crawl"))
		_, err := crawling.Await(ctx)
		if ctx.Err() != nil {
			crawling.Cancel(nil)
			_, err = crawling.Await(group)
			c.interrupted = errors.Is(err, asyncio.ErrTaskCancelled)
		}
		if errors.Is(err, asyncio.ErrTaskCancelled) {
			err = nil // it was by the lines above, or because storing has failed
		}
		c.results.Shutdown(false)
		_, failed := storing.Await(group)
		return errors.Join(err, failed)
	})
	c.took = time.Since(began)
	return err
}

// crawl visits what can be reached.
func (c *crawler) crawl(ctx context.Context, hosts []string) error {
	return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		for _, name := range hosts {
			h := newHost()
			c.hosts[strings.TrimPrefix(name, "http://")] = h
			for i := range c.perHost {
				asyncio.Go(ctx, func(ctx context.Context) error { return c.work(ctx, h) }, asyncio.Name(fmt.Sprintf("worker %d of %s", i+1, name)))
			}
		}
		c.add(link{url: hosts[0] + "/"})
		if err := c.visited.Wait(ctx); err != nil {
			return err
		}
		for _, h := range c.hosts {
			h.queue.Shutdown(false) // which ends the workers
		}
		return nil
	})
}

// add has a link followed, unless it was before or must not be.
func (c *crawler) add(l link) {
	u, err := url.Parse(l.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return
	}
	u.Fragment, u.Host = "", strings.ToLower(u.Host)
	l.url = u.String()
	h := c.hosts[u.Host]
	switch {
	case c.seen[l.url]:
	case h == nil || u.Scheme != "http":
		c.elsewhere++
	case l.depth > c.depth:
		c.tooDeep++
	case len(c.seen) == c.pages:
		c.tooMany++
	default:
		c.seen[l.url] = true
		c.pending++
		h.queue.TryPut(l)
	}
}

// work visits pages of a host, one after the other.
func (c *crawler) work(ctx context.Context, h *host) error {
	for l := range h.queue.All(ctx) {
		p, err := c.visit(ctx, h, l)
		if err != nil {
			return err
		}
		switch {
		case p.problem != "":
			c.failed++
		case p.status >= 300:
			c.moved++
		default:
			c.fine++
		}
		// What has been visited is stored, whatever comes: this wait is not cancelled.
		if c.results.Put(context.WithoutCancel(ctx), p) != nil {
			return nil // storing has failed, and tells why
		}
		for _, target := range p.links {
			c.add(link{target, l.depth + 1})
		}
		if c.pending--; c.pending == 0 {
			c.visited.Set()
		}
	}
	return ctx.Err()
}
