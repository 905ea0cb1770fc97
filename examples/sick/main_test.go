package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// A copy of the test binary is the program, or the curl of the page.
func TestMain(m *testing.M) {
	switch os.Getenv("SICK_TEST") {
	case "program":
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	case "curl":
		os.Exit(curl(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// curl fetches what its last argument names: with -so, into a file.
func curl(args []string) int {
	response, err := http.Get("http://" + strings.TrimPrefix(args[len(args)-1], "http://"))
	if err != nil {
		return 7
	}
	defer response.Body.Close()
	out := os.Stdout
	if i := slices.Index(args, "-so"); i >= 0 {
		if out, err = os.Create(args[i+1]); err != nil {
			return 23
		}
		defer out.Close()
	}
	if _, err := io.Copy(out, response.Body); err != nil {
		return 18
	}
	return 0
}

func TestWhatTheCommandLineRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"-ill flu": `-ill is "flu"; expected one of`,
		"now":      `unexpected argument "now"`,
		"-no":      "flag provided but not defined",
	} {
		var stderr bytes.Buffer
		if status := run(strings.Fields(args), io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), want) {
			t.Errorf("sick %s: status %d, %q; want 2 and %q", args, status, &stderr, want)
		}
	}
}
