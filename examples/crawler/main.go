// Crawler visits a web site and stores what it finds in an SQLite database, on one
// event loop.
//
//	go run .                 then look into crawl.db
//
// The site is its own: pages on several hosts with links, and what crawlers meet, such
// as slow pages, errors, redirects, links to nowhere, a page that has no end, and a trap
// that always has one more page. Each host has a queue and a few workers, so that one
// that is slow does not hold up the others, and none is asked too much. What the
// crawler remembers are plain variables: no lock.
//
// What blocks goes to other goroutines: the requests by aiohttp, the database and the
// terminal by ToThread. Ctrl-C ends it in order: what has been visited is stored. A
// second Ctrl-C ends it at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// options are what the flags say.
type options struct {
	site, hosts int
	slow        time.Duration

	db           string
	most         int           // requests at once
	perHost      int           // of these to one host
	pause        time.Duration // from one request to a host to the next
	timeout      time.Duration // of a request
	tries        int           // of a page
	backoff      time.Duration // before the second try; twice as long before the next
	depth, pages int           // how far from the beginning, and how many
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("crawler", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.site, "site", 300, "pages of the site that is crawled")
	flags.IntVar(&o.hosts, "hosts", 3, "hosts that they are on")
	flags.DurationVar(&o.slow, "slow", 300*time.Millisecond, "how long its slow pages take")
	flags.StringVar(&o.db, "db", "crawl.db", "the database to make")
	flags.IntVar(&o.most, "most", 10, "requests at once")
	flags.IntVar(&o.perHost, "per-host", 4, "requests at once to one host")
	flags.DurationVar(&o.pause, "pause", 20*time.Millisecond, "time from one request to a host to the next")
	flags.DurationVar(&o.timeout, "timeout", time.Second, "time for a request")
	flags.IntVar(&o.tries, "tries", 3, "how often a page is asked for that does not come, or whose host has trouble")
	flags.DurationVar(&o.backoff, "backoff", 100*time.Millisecond, "time before the second try; it doubles with each")
	flags.IntVar(&o.depth, "depth", 20, "links to follow from the first page")
	flags.IntVar(&o.pages, "pages", 10_000, "pages to visit")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

// check says what of the command line makes no sense. Arguments are those after the flags.
func (o options) check(arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("unexpected argument %q; expected flags only", arguments[0])
	}
	if o.db == "" {
		return errors.New("-db is empty; expected the name of a file")
	}
	if strings.Contains(o.db, "?") { // for the driver, what follows are options
		return fmt.Errorf("-db is %q; expected the name of a file, without a question mark", o.db)
	}
	for _, f := range []struct {
		name         string
		value, least int
	}{{"site", o.site, 1}, {"hosts", o.hosts, 1}, {"most", o.most, 1}, {"per-host", o.perHost, 1}, {"tries", o.tries, 1}, {"depth", o.depth, 0}, {"pages", o.pages, 1}} {
		if f.value < f.least {
			return fmt.Errorf("-%s is %d; expected a number from %d", f.name, f.value, f.least)
		}
	}
	for _, f := range []struct {
		name         string
		value, least time.Duration
	}{{"slow", o.slow, 0}, {"pause", o.pause, 0}, {"backoff", o.backoff, 0}, {"timeout", o.timeout, 1}} {
		if f.value < f.least {
			return fmt.Errorf("-%s is %v; expected a duration such as 300ms", f.name, f.value)
		}
	}
	return nil
}

// run is the program but for the process around it. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == flag.ErrHelp { // which flags there are has been told
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "crawler:", err)
		return 2
	}
	transport := &http.Transport{MaxIdleConnsPerHost: o.perHost}
	defer transport.CloseIdleConnections()
	c, bar := newCrawler(o, transport), terminal(stderr)
	err = asyncio.Run(ctx, func(ctx context.Context) error {
		interrupted, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		defer context.AfterFunc(interrupted, stop)() // a second signal has its usual effect
		hosts, closeSite, err := openSite(o)
		if err != nil {
			return err
		}
		defer closeSite()
		fmt.Fprintf(stdout, "crawling %s, and %d other hosts\n", hosts[0], len(hosts)-1)
		return c.run(interrupted, hosts, bar)
	}, asyncio.WithName("crawler"))
	if bar != nil {
		io.WriteString(bar, eraseLine)
	}
	if c.took > 0 {
		fmt.Fprint(stdout, c.summary())
	}
	if err != nil {
		fmt.Fprintln(stderr, "crawler:", err)
		return 1
	}
	return 0
}

// terminal returns w if it is one, or else nil.
func terminal(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return w
		}
	}
	return nil
}
