package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every Go program and every output in README.md and docs/*.md is held against
// what really happens. A fence says by its first word what it holds:
//
//	go      with a func main: a program. It is built and run, and has to exit with
//	        status 0. With a package clause it stands as it is, without one the
//	        imports are added, as goimports would.
//	go      with a func TestXxx: a test file, run by go test; otherwise the same.
//	go      otherwise: type-checked. Declarations as they stand, statements inside
//	        func(ctx context.Context) error { ...; return nil }, unused variables
//	        allowed.
//	output  right after a program: what it prints, exactly. ~2s stands for a
//	        measured duration, see near. The path of the program's own file is
//	        main.go. After a python and a go fence in a row it holds for both.
//	python  a program too. It is run where the environment variable PYTHON names
//	        an interpreter, of 3.13 or later.
//
// What the text has introduced elsewhere is declared in a comment right before
// the fence:
//
//	<!-- given:
//	func fetch(ctx context.Context, page int) (string, error)
//	-->
//
// Other fences (sh, text, none) are not looked at, but for Go programs that have
// lost their mark.
type fence struct {
	file   string
	line   int // of the text's first line
	kind   string
	given  string
	text   string
	output *fence // what a program prints, nil if the document does not say
}

func (f *fence) isProgram() bool {
	return f.kind == "python" || f.kind == "go" && hasMain.MatchString(f.text)
}

func (f *fence) String() string { return fmt.Sprintf("%s:%d", f.file, f.line) }

// documents returns the fences of all documents, in order.
func documents(t *testing.T) []*fence {
	t.Helper()
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []*fence
	for _, file := range append([]string{"README.md"}, files...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fences, err := fencesOf(filepath.ToSlash(file), string(text))
		if err != nil {
			t.Error(err)
		}
		all = append(all, fences...)
	}
	return all
}

// fencesOf finds the fences of one document and gives programs their outputs.
func fencesOf(file, text string) ([]*fence, error) {
	var fences []*fence
	var open *fence
	var given []string // of the comment that is open, or has just been closed
	inGiven := false
	for i, line := range strings.Split(text, "\n") {
		bare := strings.TrimSpace(line)
		switch {
		case open != nil && bare == "```":
			fences = append(fences, open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case inGiven && bare == "-->":
			inGiven = false
		case inGiven:
			given = append(given, line)
		case bare == "<!-- given:":
			inGiven, given = true, nil
		case strings.HasPrefix(bare, "```"):
			open = &fence{file: file, line: i + 2, kind: strings.TrimPrefix(bare, "```"), given: strings.Join(given, "\n")}
			given = nil
		case bare != "":
			given = nil
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: this fence is never closed", open)
	}
	for i, f := range fences {
		switch {
		case f.kind == "output":
			if i == 0 || !fences[i-1].isProgram() {
				return nil, fmt.Errorf("%s: an output that does not follow a program", f)
			}
			fences[i-1].output = f
			if i > 1 && fences[i-1].kind == "go" && fences[i-2].kind == "python" {
				fences[i-2].output = f
			}
		case f.kind != "go" && strings.Contains(f.text, "package main\n"):
			return nil, fmt.Errorf("%s: a Go program whose fence says %q instead of \"go\"", f, f.kind)
		}
	}
	return fences, nil
}

func TestFencesOfADocument(t *testing.T) {
	const doc = "a\n<!-- given:\nvar x int\n-->\n\n```go\nx++\n```\n\n```sh\nls\n```\n```python\nprint(1)\n```\nand\n```go\nfunc main() {}\n```\n```output\n1\n```\n"
	fences, err := fencesOf("a.md", doc)
	if err != nil || len(fences) != 5 {
		t.Fatalf("%d fences, error %v; want 5", len(fences), err)
	}
	if f := fences[0]; f.kind != "go" || f.text != "x++\n" || f.given != "var x int" || f.line != 7 || f.output != nil {
		t.Errorf("the first fence is %+v", f)
	}
	if fences[1].kind != "sh" || fences[2].output != fences[4] || fences[3].output != fences[4] || fences[3].given != "" {
		t.Errorf("the others are %+v", fences[1:])
	}
	for name, doc := range map[string]string{
		"never closed":        "```go\n",
		"output without":      "```sh\nls\n```\n```output\n1\n```\n",
		"output of a snippet": "```go\nx++\n```\n```output\n1\n```\n",
		"program in disguise": "```\npackage main\n```\n",
	} {
		if _, err := fencesOf("a.md", doc); err == nil {
			t.Errorf("%s: no error for %q", name, doc)
		}
	}
}

var durationMark = regexp.MustCompile(`~[0-9.]+(?:ms|s|m)\b`)

// near reports whether a measured duration is what a document means by ~want:
// from nine tenths of it up to one and a half of it and a second more, for
// machines that are busy.
func near(got, want time.Duration) bool {
	return got >= want*9/10 && got <= want*3/2+time.Second
}

// sameOutput compares what a program printed with what its document says.
func sameOutput(got, want string) bool {
	pattern := "^"
	var wants []time.Duration
	at := 0
	for _, m := range durationMark.FindAllStringIndex(want, -1) {
		d, err := time.ParseDuration(want[m[0]+1 : m[1]])
		if err != nil {
			continue
		}
		pattern += regexp.QuoteMeta(want[at:m[0]]) + `([0-9.]+(?:µs|ms|s|m)[0-9.ms]*)`
		wants = append(wants, d)
		at = m[1]
	}
	pattern += regexp.QuoteMeta(want[at:]) + "$"
	m := regexp.MustCompile(pattern).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, want := range wants {
		if d, err := time.ParseDuration(m[i+1]); err != nil || !near(d, want) {
			return false
		}
	}
	return true
}

func TestSameOutput(t *testing.T) {
	for _, c := range []struct {
		got, want string
		same      bool
	}{
		{"a\nb\n", "a\nb\n", true},
		{"a\nb\n", "a\n", false},
		{"a\n", "a\nb\n", false},
		{"took 2.003s, all\n", "took ~2s, all\n", true},
		{"took 3.9s, all\n", "took ~2s, all\n", true},
		{"took 4.1s, all\n", "took ~2s, all\n", false},
		{"took 1.7s, all\n", "took ~2s, all\n", false},
		{"took 2.003s, none\n", "took ~2s, all\n", false},
		{"100ms 1m0.5s\n", "~0.1s ~1m\n", true},
		{"100ms 1.5s\n", "~0.1s ~3s\n", false},
		{"took ~2s\n", "took ~2s\n", false},
	} {
		if same := sameOutput(c.got, c.want); same != c.same {
			t.Errorf("%q against %q: %v, want %v", c.got, c.want, same, c.same)
		}
	}
}
