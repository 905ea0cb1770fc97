package clients

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/integration/internal/testloop"
)

// TestWrk tests many keep-alive connections, all of which wrk cuts at its end.
func TestWrk(t *testing.T) {
	wrk := testloop.Program(t, "wrk", "wrk")
	requests := regexp.MustCompile(`(\d+) requests in`)
	onEach(t, false, func(ctx context.Context, t *testing.T, addr string, s *site) {
		report := testloop.Output(ctx, t, "", wrk, "-t", "1", "-c", "100", "-d", "1s", "--timeout", "60s", "http://"+addr+"/hello")
		answered := requests.FindStringSubmatch(report)
		if answered == nil || strings.Contains(report, "Non-2xx") || strings.Contains(report, "Socket errors") {
			t.Fatalf("wrk reports:\n%s", report)
		}
		if n, _ := strconv.Atoi(answered[1]); n == 0 || s.hits["/hello"] < n {
			t.Errorf("wrk counts %d answers, the site %d requests", n, s.hits["/hello"])
		}
	})
}

// TestH2load tests a fixed number of requests over HTTP/1.1, and over HTTP/2 where net/http
// serves.
func TestH2load(t *testing.T) {
	h2load := testloop.Program(t, "h2load", "nghttp2-client")
	const requests = 2000
	load := func(ctx context.Context, t *testing.T, s *site, args ...string) {
		report := testloop.Output(ctx, t, "", h2load, append([]string{"-n", strconv.Itoa(requests), "-c", "20"}, args...)...)
		want := fmt.Sprintf("%d succeeded, 0 failed, 0 errored, 0 timeout", requests)
		if !strings.Contains(report, want) || s.hits["/hello"] != requests {
			t.Errorf("the site counts %d requests; h2load reports:\n%s", s.hits["/hello"], report)
		}
	}
	onEach(t, false, func(ctx context.Context, t *testing.T, addr string, s *site) {
		load(ctx, t, s, "--h1", "http://"+addr+"/hello")
	})
	onEach(t, true, func(ctx context.Context, t *testing.T, addr string, s *site) {
		load(ctx, t, s, "-m", "10", "--npn-list=h2,http/1.1", "https://"+addr+"/hello")
	})
}
