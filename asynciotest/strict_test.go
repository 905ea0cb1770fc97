package asynciotest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// programs are tests that fail, or pass, for what their names say. They run in a child: some of them leave goroutines behind
// that can never end, and that is what they are for. A line with the comment "blocks: name" is the one that the report names.
var programs = map[string]struct {
	run  func(t *testing.T)
	says []string // nil: the test passes
}{}

const programVariable = "ASYNCIOTEST_PROGRAMS"

func TestPrograms(t *testing.T) {
	if os.Getenv(programVariable) == "" {
		return
	}
	for name, p := range programs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.run(t)
		})
	}
}

// What blocks the loop, and a handler that fails, fails the test by name and line, and what is legal does not.
func TestStrict(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^TestPrograms$", "-test.parallel=100", "-test.timeout=5m")
	child.Env = append(os.Environ(), programVariable+"=1")
	out, err := child.Output()
	if _, ended := err.(*exec.ExitError); !ended || bytes.Contains(out, []byte("panic: test timed out")) {
		t.Fatalf("the child ended with %v:\n%s", err, out)
	}
	failed := map[string]string{}
	for _, part := range strings.Split(string(out), "--- FAIL: TestPrograms/")[1:] {
		name, text, _ := strings.Cut(part, " (")
		failed[name] = text
	}
	for name, p := range programs {
		text, fails := failed[name]
		if fails != (p.says != nil) {
			t.Errorf("%s: failed: %t, want %t:\n%s", name, fails, !fails, text)
			continue
		}
		says := p.says
		if line := lineOf(t, name); line != "" {
			says = append(says, line)
		}
		for _, want := range says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the failure does not say %q:\n%s", name, want, text)
			}
		}
	}
	if t.Failed() {
		t.Logf("%d of %d programs failed", len(failed), len(programs))
	}
}

// lineOf finds the line of this package with the comment.
func lineOf(t *testing.T, name string) string {
	for _, file := range []string{"strict_stalls_test.go", "strict_handlers_test.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(source), "\n") {
			if strings.HasSuffix(line, "// blocks: "+name) {
				return fmt.Sprintf("%s:%d", file, i+1)
			}
		}
	}
	return ""
}

// program is one of the programs, for init.
func program(name string, run func(t *testing.T), says ...string) {
	programs[name] = struct {
		run  func(t *testing.T)
		says []string
	}{run, says}
}
