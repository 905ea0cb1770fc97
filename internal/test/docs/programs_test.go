package docs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// This file builds and runs the programs of the documents, see docs_test.go.
//
// They become packages of one module, which finds this checkout by a replace,
// and of one executable, which is told by its argument whose main to call: that
// is one link instead of thirty.

var (
	hasMain       = regexp.MustCompile(`(?m)^func main\(\)`)
	hasTest       = regexp.MustCompile(`(?m)^func Test[A-Z]\w*\(t \*testing\.T\)`)
	packageClause = regexp.MustCompile(`(?m)^package \w+`)
)

func TestProgramsInDocuments(t *testing.T) {
	var programs, tests []*fence
	for _, f := range documents(t) {
		switch {
		case f.kind == "go" && hasMain.MatchString(f.text):
			programs = append(programs, f)
		case f.kind == "go" && hasTest.MatchString(f.text):
			tests = append(tests, f)
		}
	}
	if len(programs) == 0 {
		t.Fatal("the documents hold no program")
	}
	dir := t.TempDir()
	goMod, goSum := moduleFiles(t)
	writeDoc(t, dir, "go.mod", goMod)
	writeDoc(t, dir, "go.sum", goSum)
	var imports, cases strings.Builder
	for _, f := range programs {
		pkg := packageName(f)
		writeDoc(t, dir, pkg+"/main.go", sourceOf(f, pkg))
		writeDoc(t, dir, pkg+"/entry.go", "package "+pkg+"\n\nfunc Main() { main() }\n")
		fmt.Fprintf(&imports, "\t\"docs.test/%s\"\n", pkg)
		fmt.Fprintf(&cases, "\tcase %q:\n\t\t%s.Main()\n", pkg, pkg)
	}
	writeDoc(t, dir, "main.go", fmt.Sprintf("package main\n\nimport (\n\t\"os\"\n\n\t\"github.com/asyncio-go/asyncio/procpool\"\n%s)\n\nfunc main() {\n\tprocpool.Main()\n\tswitch os.Args[1] {\n%s\t}\n}\n", &imports, &cases))
	for _, f := range tests {
		writeDoc(t, dir, packageName(f)+"/main_test.go", sourceOf(f, packageName(f)))
	}

	exe := filepath.Join(dir, "docs.exe")
	if out, err := goIn(dir, "build", "-o", exe, "-ldflags=-s -w", "."); err != nil {
		t.Fatalf("go build of the documents' programs: %v\n%s", err, out)
	}
	var running sync.WaitGroup
	several := make(chan struct{}, 4) // their time-outs are short for a machine that starts a hundred at once
	for _, f := range programs {
		several <- struct{}{}
		running.Go(func() {
			defer func() { <-several }()
			executeDoc(t, f, dir, exe, packageName(f))
		})
	}
	running.Wait()
	for _, f := range tests {
		if out, err := goIn(dir, "test", "./"+packageName(f)); err != nil {
			t.Errorf("%s: go test: %v\n%s", f, err, out)
		}
	}
}

// The programs in Python are held against the same outputs, where there is an
// interpreter to do so.
func TestPythonProgramsInDocuments(t *testing.T) {
	python := os.Getenv("PYTHON")
	var running sync.WaitGroup
	for _, f := range documents(t) {
		if f.kind != "python" {
			continue
		}
		if !strings.Contains(f.text, "asyncio.run(") {
			t.Errorf("%s: not a whole program: it lacks asyncio.run", f)
		}
		if f.output == nil {
			t.Errorf("%s: the document does not say what this program prints", f)
		}
		if python != "" {
			running.Go(func() { executeDoc(t, f, "", python, "-c", f.text) })
		}
	}
	running.Wait()
}

// executeDoc runs the program of f and compares what it prints.
func executeDoc(t *testing.T, f *fence, dir, name string, args ...string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: the program ended with: %v\n%s%s", f, err, &stdout, &stderr)
		return
	}
	got := strings.ReplaceAll(stdout.String(), "\r\n", "\n")
	if dir != "" {
		got = strings.ReplaceAll(got, filepath.ToSlash(filepath.Join(dir, packageName(f)))+"/", "")
	}
	if f.output != nil && !sameOutput(got, f.output.text) {
		t.Errorf("%s: the program prints\n%s\nand the document says at %s\n%s\nstandard error:\n%s", f, got, f.output, f.output.text, &stderr)
	}
}

// packageName is the name of the package that a program becomes.
func packageName(f *fence) string {
	name := strings.ReplaceAll(strings.TrimSuffix(path.Base(f.file), ".md"), "-", "_")
	return fmt.Sprintf("%s_%d", strings.ToLower(name), f.line)
}

// sourceOf is the Go file of a fence. Its line numbers are those of the fence:
// what is added stands on one line before it.
func sourceOf(f *fence, pkg string) string {
	if packageClause.MatchString(f.text) {
		return packageClause.ReplaceAllString(f.text, "package "+pkg) + f.given
	}
	return fmt.Sprintf("package %s; %s\n//line main.go:1\n%s%s", pkg, importsOf(f.text+f.given), f.text, f.given)
}

// importable are the packages that programs without imports may use.
var importable = []string{
	"bufio", "bytes", "context", "crypto/tls", "errors", "fmt", "io", "iter", "log", "log/slog", "maps", "net", "net/http", "net/http/httptest", "os", "os/exec",
	"os/signal", "runtime", "slices", "strconv", "strings", "sync", "sync/atomic", "syscall", "testing", "testing/synctest", "time", module,
	module + "/aioexec", module + "/aionet", module + "/aionet/aiohttp", module + "/asynciotest", module + "/procpool",
}

// importsOf is the import declaration that src lacks.
func importsOf(src string) string {
	var specs strings.Builder
	for _, p := range importable {
		if regexp.MustCompile(`\b` + path.Base(p) + `\.[A-Z]`).MatchString(src) {
			fmt.Fprintf(&specs, "%q; ", p)
		}
	}
	return "import (" + specs.String() + ")"
}

// moduleFiles are the go.mod and the go.sum of a module that uses this checkout.
func moduleFiles(t *testing.T) (mod, sum string) {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go .*$`).FindString(readDoc(t, "go.mod"))
	if version == "" {
		t.Fatal("go.mod has no go directive")
	}
	if _, err := os.Stat("go.sum"); err == nil {
		sum = readDoc(t, "go.sum")
	}
	return fmt.Sprintf("module docs.test\n\n%s\n\nrequire %s v0.0.0\n\nreplace %s => %q\n", version, module, module, root), sum
}

// goIn runs the go command in a module of its own.
func goIn(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false")
	return cmd.CombinedOutput()
}

func writeDoc(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
