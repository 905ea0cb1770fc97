package conformance

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A recording is one file of testdata: the trace of CPython.
type recording struct {
	lines   []string
	version string // "CPython 3.13.0"
	source  string // the file under programs/
	digest  string // of harness.py and the source at the time of the recording
}

var header = regexp.MustCompile(`^# (CPython 3\.\d+\.\S+), programs/(\w+\.py) ([0-9a-f]{16})$`)

// recorded returns the recording of a program. It fails the test if there is none.
func recorded(t *testing.T, name string) recording {
	t.Helper()
	file := filepath.Join("testdata", name+".trace")
	all := lines(read(t, file))
	m := header.FindStringSubmatch(all[0])
	if m == nil {
		t.Fatalf("%s begins with %q, want something like %q", file, all[0],
			"# CPython 3.13.0, programs/sleep.py 0123456789abcdef")
	}
	return recording{lines: all[1:], version: m[1], source: m[2], digest: m[3]}
}

// digestOf returns the digest that record.sh writes for a file of programs/, including the files
// that it imports.
func digestOf(t *testing.T, source string) string {
	t.Helper()
	text := read(t, filepath.Join("programs", "harness.py")) + read(t, filepath.Join("programs", source))
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:16]
}

var registered = regexp.MustCompile(`(?m)^@program\nasync def (\w+)\(log\):`)

// pythonPrograms maps the name of every Python program to its file.
func pythonPrograms(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("programs/*.py")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d Python files in programs/, want some (%v)", len(files), err)
	}
	found := map[string]string{}
	for _, file := range files {
		for _, m := range registered.FindAllStringSubmatch(read(t, file), -1) {
			found[m[1]] = filepath.Base(file)
		}
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func lines(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
