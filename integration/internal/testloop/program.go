package testloop

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Program returns the path of a program of the system. If the program is not installed, Program
// skips the test with the name of the Debian package. In CI it fails the test.
func Program(t *testing.T, name, debianPackage string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/"} { // servers are in /usr/sbin, which may not be in PATH
		if path, err := exec.LookPath(dir + name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed; .ci/run installs it", name)
	}
	t.Skipf("%s is not installed: apt-get install %s", name, debianPackage)
	return ""
}

// Output runs a program to its end, in a thread, and returns its standard output. An exit code
// other than 0 fails the test.
func Output(ctx context.Context, t *testing.T, stdin string, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	Elsewhere(ctx, t, func() error {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Stdin = strings.NewReader(stdin)
		cmd.Stdout, cmd.Stderr = &out, &errs
		return cmd.Run()
	})
	if t.Failed() {
		t.Logf("%s %q printed:\n%s%s", name, args, &out, &errs)
	}
	return out.String()
}

// Daemon starts a server program, and kills it at the end of the test. It blocks until ready
// returns nil, so call it before Run. If the test fails, Daemon logs the program's output.
func Daemon(t *testing.T, ready func() error, name string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, &log)
		}
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(Guard); ; {
		err := ready()
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s has ended:\n%s", name, &log)
		case now := <-tick.C:
			if now.After(limit) {
				t.Fatalf("%s is not ready: %v", name, err)
			}
		}
	}
}

// CertificateFile writes the certificate of ServerConfig to a file in the format PEM.
func CertificateFile(t *testing.T) string {
	t.Helper()
	cert, _ := certificate()
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "certificate.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ShortDir returns a temporary directory with a short path. The path of t.TempDir may be too long
// for a unix socket.
func ShortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "asyncio")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
