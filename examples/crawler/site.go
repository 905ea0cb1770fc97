package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// site is what is crawled: a tree of numbered pages, spread over the hosts. The last
// digit of a page's number tells what is the matter with it. Net/http answers in
// goroutines, not on the loop, as another process would.
type site struct {
	options
	hosts []string // as URLs

	mu    sync.Mutex
	asked map[string]int // how often for each URL
}

func newSite(o options, hosts []string) *site {
	return &site{options: o, hosts: hosts, asked: map[string]int{}}
}

// openSite serves a site at ports of this machine.
func openSite(o options) (hosts []string, closeAll func(), err error) {
	var closers []io.Closer
	closeAll = func() {
		for _, c := range closers {
			c.Close()
		}
	}
	var listeners []net.Listener
	for range o.hosts {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		closers = append(closers, l)
		listeners = append(listeners, l)
		hosts = append(hosts, "http://"+l.Addr().String())
	}
	s := newSite(o, hosts)
	for _, l := range listeners {
		server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
		closers = append(closers, server)
		go server.Serve(l)
	}
	return hosts, closeAll, nil
}

// What a page's last digit says of it.
const (
	deadLink  = 2 // it has a link to a page that does not exist
	slowPage  = 3
	flaky     = 5 // it fails twice and then comes
	broken    = 7 // it fails whenever it is asked for
	movedPage = 9 // links lead to where it was
)

// url is where a page is, and link where links to it lead.
func (s *site) url(i int) string { return fmt.Sprintf("%s/page/%d", s.hosts[i%len(s.hosts)], i) }

func (s *site) link(i int) string {
	if i%10 == movedPage {
		return fmt.Sprintf("%s/old/%d", s.hosts[i%len(s.hosts)], i)
	}
	return s.url(i)
}

// parent is the page that has the link to page i. Pages that fail have no links.
func parent(i int) int {
	if p := i / 2; p%10 != broken {
		return p
	}
	return i/2 - 1
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	here := "http://" + r.Host + r.URL.Path
	s.mu.Lock()
	s.asked[here]++
	times := s.asked[here]
	s.mu.Unlock()
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	i, _ := strconv.Atoi(rest)
	switch {
	case kind == "" && here == s.hosts[0]+"/":
		writePage(w, "Home", s.link(1), "https://elsewhere.example/", "mailto:nobody@elsewhere.example", "#top", "http://[bad")
	case kind == "page" && here == s.url(i) && i >= 1 && i <= s.site:
		s.page(w, r, i, times)
	case kind == "old" && i%10 == movedPage && here == s.link(i):
		http.Redirect(w, r, s.url(i), http.StatusMovedPermanently)
	case kind == "round": // and round
		http.Redirect(w, r, "/round/"+strconv.Itoa((i+1)%3), http.StatusFound)
	case kind == "trap":
		writePage(w, fmt.Sprint("Day ", i), "/trap/"+strconv.Itoa(i+1))
	case kind == "silent":
		<-r.Context().Done()
	case kind == "endless":
		w.Header().Set("Content-Type", "text/html")
		for line := []byte(strings.Repeat("and so on ", 100)); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	default:
		http.NotFound(w, r)
	}
}

func (s *site) page(w http.ResponseWriter, r *http.Request, i, times int) {
	links := []string{s.hosts[0] + "/", s.link(max(1, parent(i)))} // back, which leads to nothing new
	for j := 2 * i; j <= min(2*i+3, s.site); j++ {
		if parent(j) == i {
			links = append(links, s.link(j))
		}
	}
	if i == 1 {
		links = append(links, "/silent", "/endless", "/trap/1", "/round/0")
	}
	switch i % 10 {
	case deadLink:
		links = append(links, fmt.Sprint("/missing/", i))
	case slowPage:
		select {
		case <-time.After(s.slow):
		case <-r.Context().Done():
			return
		}
	case flaky:
		if times <= 2 {
			http.Error(w, "come back later", http.StatusServiceUnavailable)
			return
		}
	case broken:
		http.Error(w, "something is broken", http.StatusInternalServerError)
		return
	}
	writePage(w, fmt.Sprintf("Page %d & its links", i), links...)
}

func writePage(w http.ResponseWriter, title string, links ...string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><title>%s</title>\n<h1>%[1]s</h1>\n", strings.ReplaceAll(title, "&", "&amp;"))
	for _, link := range links {
		fmt.Fprintf(w, "<p><a class=\"link\" href=\"%s\">%[1]s</a>\n", link)
	}
}
