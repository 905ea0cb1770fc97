package clients

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
)

// TestOpensslClient tests openssl s_client with both versions of TLS, a resumed session, and a
// line protocol whose server closes the connection.
func TestOpensslClient(t *testing.T) {
	openssl := testloop.Program(t, "openssl", "openssl")
	trust := testloop.CertificateFile(t)
	handler := aionet.TLSHandler(testloop.ServerConfig(), func(_ context.Context, conn *aionet.TLSConn) error {
		r := bufio.NewReader(conn)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return err
			}
			if line == "bye\n" {
				_, err := fmt.Fprintf(conn, "resumed=%v\n", conn.ConnectionState().DidResume)
				return err
			}
			if _, err := fmt.Fprint(conn, strings.ToUpper(line)); err != nil {
				return err
			}
		}
	})
	session := t.TempDir() + "/session"
	text := strings.Repeat("a line of the client\n", 20_000)
	testloop.Run(t, func(ctx context.Context) {
		addr, end := testloop.Serve(ctx, t, handler)
		defer end()
		for _, c := range []struct {
			name string
			args []string
			want string
		}{
			{"TLS 1.2", []string{"-tls1_2", "-sess_out", session}, "resumed=false\n"},
			{"TLS 1.2 again", []string{"-tls1_2", "-sess_in", session}, "resumed=true\n"},
			{"TLS 1.3", []string{"-tls1_3", "-sess_out", session}, "resumed=false\n"},
			{"TLS 1.3 again", []string{"-tls1_3", "-sess_in", session}, "resumed=true\n"},
			{"small records", []string{"-tls1_3", "-max_send_frag", "512"}, "resumed=false\n"},
			{"one cipher", []string{"-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"}, "resumed=false\n"},
		} {
			args := append([]string{"s_client", "-connect", addr, "-CAfile", trust, "-verify_return_error", "-quiet"}, c.args...)
			got := testloop.Output(ctx, t, text+"bye\n", openssl, args...)
			if want := strings.ToUpper(text) + c.want; got != want {
				t.Errorf("%s: %d bytes that end with %q, want %d that end with %q", c.name, len(got), got[max(0, len(got)-40):], len(want), c.want)
			}
		}
	})
}
