package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestParsePage(t *testing.T) {
	base, _ := url.Parse("http://host.test/a/b?c=d")
	title, links := parsePage(base, []byte(`<!DOCTYPE html><TITLE lang=en> Cats &amp;
 dogs </TITLE><a name="x">none</a><abbr href="none">
<a href="/x?a=1&amp;b=2">1</a> <A
 class='y' HREF = 'c'>2</A> <a href=../d#e>3</a> <a href=" http://other.test/ ">4</a> <a href="">5</a> <a href="http://[bad">6</a>`))
	if want := "Cats &\n dogs"; title != want {
		t.Errorf("the title is %q, want %q", title, want)
	}
	want := []string{"http://host.test/x?a=1&b=2", "http://host.test/a/c", "http://host.test/d#e", "http://other.test/", "http://host.test/a/b?c=d"}
	if !slices.Equal(links, want) {
		t.Errorf("the links are %q, want %q", links, want)
	}
}

func FuzzParsePage(f *testing.F) {
	f.Add([]byte(`<title>x</title><a href="y">z</a>`))
	f.Add([]byte("<a href=\x00><a href='http://%zz'><title"))
	base, _ := url.Parse("http://host.test/")
	f.Fuzz(func(t *testing.T, body []byte) {
		_, links := parsePage(base, body)
		for _, link := range links {
			if u, err := url.Parse(link); err == nil && !u.IsAbs() {
				t.Errorf("%q is not absolute", link)
			}
		}
	})
}

func TestWhichLinksAreFollowed(t *testing.T) {
	c := newCrawler(options{depth: 2, pages: 4, most: 1}, nil)
	c.hosts["host.test"] = newHost()
	for _, l := range []link{
		{"http://host.test/", 0}, {"http://host.test/", 1}, {"http://host.test/#top", 1}, // the same
		{"http://HOST.test/upper", 1}, // a host's name has no case
		{"http://host.test/deep", 2}, {"http://host.test/deeper", 3},
		{"http://host.test/deeper", 2}, // there is a shorter way
		{"https://host.test/", 1}, {"http://host.test:81/", 1}, {"http://other.test/", 1},
		{"mailto:nobody@host.test", 1}, {"ftp://host.test/", 1}, {"http://host.test/%zz", 1}, {"javascript:void(0)", 1}, {"", 1},
		{"http://host.test/one-too-many", 1},
	} {
		c.add(l)
	}
	want := []string{"http://host.test/", "http://host.test/upper", "http://host.test/deep", "http://host.test/deeper"}
	for _, url := range want {
		if !c.seen[url] {
			t.Errorf("%s is not followed", url)
		}
	}
	if len(c.seen) != len(want) || c.pending != len(want) || c.hosts["host.test"].queue.Len() != len(want) {
		t.Errorf("followed: %v, %d pending; want %v", c.seen, c.pending, want)
	}
	if c.elsewhere != 3 || c.tooDeep != 1 || c.tooMany != 1 {
		t.Errorf("not followed: %d elsewhere, %d too deep, %d too many; want 3, 1, 1", c.elsewhere, c.tooDeep, c.tooMany)
	}
}

func TestBarAndSummary(t *testing.T) {
	c := newCrawler(options{most: 1, db: "x.db"}, nil)
	if got, want := c.bar(), "["+strings.Repeat(".", 30)+"] 0 of 0 pages, 0 under way, 0 stored"; got != want {
		t.Errorf("the bar is %q, want %q", got, want)
	}
	c.seen = map[string]bool{"1": true, "2": true, "3": true}
	c.pending, c.underWay, c.stored, c.interrupted = 1, 1, 2, true
	if got, want := c.bar(), "["+strings.Repeat("#", 20)+strings.Repeat(".", 10)+"] 2 of 3 pages, 1 under way, 2 stored"; got != want {
		t.Errorf("the bar is %q, want %q", got, want)
	}
	c.fine, c.failed, c.batches, c.took = 1, 1, 1, 1500e6
	if got, want := c.summary(), `interrupted; not visited: 1
pages: 2 in 1.5 s (1 fine, 0 moved, 1 failed), with 0 further tries
links not followed: 0 to other sites, 0 too deep, 0 too many
stored in x.db: 2 pages in 1 batches
`; got != want {
		t.Errorf("the summary is\n%s\nwant\n%s", got, want)
	}
}
