package clients

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/integration/internal/testloop"
)

// TestCurl tests bodies of known and unknown length, 100-continue, HTTP/1.0, HEAD, several
// requests on one connection, and large answers.
func TestCurl(t *testing.T) {
	curl := testloop.Program(t, "curl", "curl")
	upload := strings.Repeat("a line of the upload\n", 100_000)
	onEach(t, false, func(ctx context.Context, t *testing.T, addr string, s *site) {
		url := "http://" + addr
		for _, c := range []struct {
			name, stdin string
			args        []string
			want        string
		}{
			{"GET", "", []string{url + "/hello"}, hello},
			{"HTTP/1.0", "", []string{"--http1.0", url + "/hello"}, hello},
			{"HTTP/1.0 kept alive", "", []string{"--http1.0", "-H", "Connection: keep-alive", url + "/hello", url + "/hello"}, hello + hello},
			{"an empty body", "", []string{"-X", "POST", "-d", "", url + "/digest"}, digest(nil)},
			{"a body", "", []string{"-d", "few bytes", url + "/digest"}, digest([]byte("few bytes"))},
			{"100-continue", upload, []string{"-H", "Expect: 100-continue", "--data-binary", "@-", url + "/digest"}, digest([]byte(upload))},
			{"in chunks", upload, []string{"-X", "POST", "-T", "-", url + "/digest"}, digest([]byte(upload))},
			{"no such page", "", []string{"-w", " %{http_code}", url + "/nowhere"}, "no such page 404"},
			{"HEAD", "", []string{"--head", "-o", "/dev/null", "-w", "%{http_code} %header{content-length}", url + "/hello"}, fmt.Sprint("200 ", len(hello))},
			{"one connection", "", []string{"-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", url + "/hello", url + "/large"}, "1 0 "},
			{"a large answer", "", []string{url + "/large"}, string(large)},
			{"a slow reader", "", []string{"--limit-rate", "16M", url + "/large"}, string(large)},
		} {
			if got := testloop.Output(ctx, t, c.stdin, curl, append([]string{"-sS", "--max-time", "60"}, c.args...)...); got != c.want {
				t.Errorf("%s: %.200q (%d bytes), want %.200q", c.name, got, len(got), c.want)
			}
		}
		if s.hits["/large"] != 3 || s.hits["/digest"] != 4 {
			t.Errorf("hits: %v", s.hits)
		}
	})
}

// TestCurlOverTLS tests both versions of TLS. curl checks the certificate.
func TestCurlOverTLS(t *testing.T) {
	curl := testloop.Program(t, "curl", "curl")
	trust := testloop.CertificateFile(t)
	upload := strings.Repeat("a line of the upload\n", 100_000)
	onEach(t, true, func(ctx context.Context, t *testing.T, addr string, s *site) {
		for _, version := range []string{"1.2", "1.3"} {
			common := []string{"-sS", "--max-time", "60", "--cacert", trust, "--http1.1", "--tlsv" + version, "--tls-max", version}
			get := append(common, "https://"+addr+"/hello", "https://"+addr+"/large")
			if got := testloop.Output(ctx, t, "", curl, get...); got != hello+string(large) {
				t.Errorf("TLS %s: %.200q (%d bytes)", version, got, len(got))
			}
			post := append(common, "-X", "POST", "-T", "-", "https://"+addr+"/digest")
			if got := testloop.Output(ctx, t, upload, curl, post...); got != digest([]byte(upload)) {
				t.Errorf("TLS %s: %q, want %q", version, got, digest([]byte(upload)))
			}
		}
	})
}
