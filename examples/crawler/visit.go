package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// visit fetches a page, several times if need be. It fails only if it is cancelled.
func (c *crawler) visit(ctx context.Context, h *host, l link) (page, error) {
	wait := c.backoff
	for try := 1; ; try++ {
		p, again := c.fetch(ctx, h, l)
		if err := ctx.Err(); err != nil {
			return p, err // what came of it is not worth storing
		}
		if p.tries = try; !again || try == c.tries {
			return p, nil
		}
		c.retries++
		if err := asyncio.Sleep(ctx, wait); err != nil {
			return p, err
		}
		wait *= 2
	}
}

// turn waits until the host may be asked again.
func (h *host) turn(ctx context.Context, pause time.Duration) error {
	now := time.Now()
	wait := max(0, h.next.Sub(now))
	h.next = now.Add(wait + pause)
	return asyncio.Sleep(ctx, wait)
}

// fetch asks for a page once, and reports whether it makes sense to do so again.
func (c *crawler) fetch(ctx context.Context, h *host, l link) (p page, again bool) {
	p.link = l
	if err := c.permits.Acquire(ctx); err != nil {
		return p, false
	}
	defer c.permits.Release()
	if err := h.turn(ctx, c.pause); err != nil {
		return p, false
	}
	c.underWay++
	defer func() { c.underWay-- }()
	limited, cancel := asyncio.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := p.load(limited, c.client)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		p.problem, again = fmt.Sprintf("no answer within %v", c.timeout), true
	case errors.Is(err, errTooLong):
		p.problem = err.Error()
	case err != nil:
		p.problem, again = err.Error(), true
	case p.status == http.StatusTooManyRequests, p.status >= 500:
		p.problem, again = http.StatusText(p.status), true
	case p.status >= 400:
		p.problem = http.StatusText(p.status)
	}
	return p, again
}

const mostSize = 1 << 20

var errTooLong = fmt.Errorf("a page of more than %d bytes", mostSize)

// load fills in what the server answers.
func (p *page) load(ctx context.Context, client *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "asyncio-crawler-example")
	answer, err := aiohttp.Do(ctx, client, request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	p.status = answer.StatusCode
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostSize+1))
	p.size = len(body)
	switch {
	case err != nil:
		return err
	case len(body) > mostSize:
		return errTooLong
	}
	if target, err := answer.Location(); err == nil && p.status < 400 {
		p.links = []string{target.String()}
		return nil
	}
	if p.status != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	// To search a megabyte takes longer than the loop should stand still.
	_, err = asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
		p.title, p.links = parsePage(answer.Request.URL, body)
		return struct{}{}, nil
	})
	return err
}

var (
	titles  = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	anchors = regexp.MustCompile(`(?is)<a\s[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))`)
)

// parsePage finds the title and the links, which it makes absolute.
func parsePage(base *url.URL, body []byte) (title string, links []string) {
	if m := titles.FindSubmatch(body); m != nil {
		title = strings.TrimSpace(html.UnescapeString(string(m[1])))
	}
	for _, m := range anchors.FindAllSubmatch(body, -1) {
		target := cmp.Or(string(m[1]), string(m[2]), string(m[3]))
		if u, err := base.Parse(strings.TrimSpace(html.UnescapeString(target))); err == nil {
			links = append(links, u.String())
		}
	}
	return title, links
}
