package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// layers says which packages of the module each package may import, and why no
// others. A package that is not listed fails the test: give it a place first.
var layers = []struct {
	pkg     string
	imports []string
	why     string
}{
	{"internal/coro", nil, "it touches the runtime and nothing of ours"},
	{"internal/stall", nil, "it reads stacks and counters and knows nothing of loops"},
	{"internal/flight", nil, "it writes traces and knows nothing of loops"},
	{"internal/ring", nil, "a data structure"},
	{"internal/timerheap", nil, "a data structure"},
	{"internal/registry", nil, "a data structure"},
	{"internal/histogram", nil, "a data structure"},
	{"internal/callsite", []string{"internal/coro", "internal/stall"}, "it reads stacks"},
	{"internal/engine", []string{"internal/callsite", "internal/coro", "internal/histogram", "internal/registry", "internal/ring", "internal/stall", "internal/timerheap"}, "the untyped core knows nothing of the public types"},
	{"internal/inspect", []string{"internal/callsite", "internal/coro", "internal/engine", "internal/histogram", "internal/stall"}, "the tracer of debug mode"},
	{"internal/truncate", nil, "it shortens texts"},
	{"", []string{"internal/engine", "internal/coro", "internal/flight", "internal/histogram", "internal/inspect", "internal/stall", "internal/truncate"}, "the public nouns are a typed skin of the engine; truncate shortens the texts of errors"},
	{"internal/poll", nil, "it waits for descriptors and knows nothing of loops"},
	{"internal/netport", []string{"internal/engine"}, "the port between aionet and a network: it names the loop"},
	{"internal/netmake", []string{"", "internal/netport"}, "sockets are made by ToThread, for both networks"},
	{"internal/openfile", nil, "the blocking mode of shared open files, for both networks"},
	{"internal/sockets", []string{"internal/engine", "internal/netmake", "internal/netport", "internal/openfile", "internal/poll"}, "the system's network behind the port"},
	{"internal/portable", []string{"internal/engine", "internal/netmake", "internal/netport", "internal/openfile"}, "the network on goroutines behind the port"},
	{"aionet", []string{"", "internal/coro", "internal/engine", "internal/netmake", "internal/netport", "internal/sockets", "internal/portable"}, "it stands on the port; only the choice of the system's network names one; netmake accepts for several loops; coro tells where a server was called"},
	{"aionet/aiohttp", []string{"", "internal/engine", "internal/netport", "aionet"}, "requests of net/http are tasks; the engine tells who calls, aionet takes connections over, and netport has the key of Draining"},
	{"aioexec", []string{"", "internal/engine", "aionet"}, "a process is a task and its pipes are connections; the engine tells it when a loop ends"},
	{"aiometrics", []string{""}, "it reads what the loops tell anybody; it is apart so that the core does not bring net/http along"},
	{"internal/memnet", []string{"internal/engine", "internal/netport"}, "a network in memory behind the port"},
	{"asynciotest", []string{"", "aionet", "internal/coro", "internal/engine", "internal/memnet", "internal/netport", "internal/stall"}, "it sets options of the engine that users have no business with, and brings the network of tests; stall reads the goroutines of a test that hangs"},
	{"internal/frame", nil, "what pool and worker say to each other, in bytes"},
	{"procpool", []string{"", "internal/engine", "internal/frame", "internal/truncate"}, "an executor stands on the public port; the engine tells it when a loop ends"},
	{"executortest", []string{""}, "the kit stands where the authors of executors stand: on the public port"},
	{"internal/test/docs", nil, "only its tests import anything"},
	{"internal/test/layout", nil, "only its tests import anything"},
	{"internal/semantics", nil, "only its tests import anything: the public API"},
	{"internal/conformance", nil, "only its tests import anything: the public API"},
	{"internal/storm", nil, "only its tests import packages: the public API, and aionet"},
	{"internal/stress", nil, "only its tests import packages: the public API, and the engine's configuration"},
	{"internal/shrink", nil, "it makes the programs of other packages' tests smaller, and imports none of them"},
	{"procpool/internal/cfault", nil, "a mistake in C, for tests"},
	{"procpool/internal/soak", []string{"", "procpool"}, "it holds the pool against faults as a user would meet them"},
	{"internal/stall/soak", []string{"", "aionet", "aionet/aiohttp", "internal/engine", "procpool"}, "it holds the watch against false alarms of healthy services, and has the engine report each of them"},
	{"internal/modes", []string{""}, "a program as a user would write it, for every build mode"},
	{"cmd/asyncio", []string{"", "aionet", "procpool"}, "a program uses the library as a user would"},
}

// unsafeAllowed names the packages that may import unsafe.
var unsafeAllowed = map[string]bool{
	"internal/engine":  true, // the dump prints an address, and finds the holder of a lock
	"procpool":         true, // results are copied to memory that was not cleared
	"internal/poll":    true, // system calls that package unix has not, or not without telling the scheduler
	"internal/sockets": true, // likewise
}

func TestDependencies(t *testing.T) {
	allowed := map[string]map[string]bool{}
	why := map[string]string{}
	for _, l := range layers {
		allowed[l.pkg] = map[string]bool{}
		for _, i := range l.imports {
			allowed[l.pkg][i] = true
		}
		why[l.pkg] = l.why
	}
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkg := local(p.ImportPath)
		if allowed[pkg] == nil {
			t.Errorf("package %s has no place in the table of layers", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			switch {
			case i == module || strings.HasPrefix(i, module+"/"):
				if !allowed[pkg][local(i)] {
					t.Errorf("%s imports %s: %s", p.ImportPath, i, why[pkg])
				}
			case strings.Contains(strings.SplitN(i, "/", 2)[0], ".") && !strings.HasPrefix(i, "golang.org/x/sys"):
				t.Errorf("%s imports %s: the root module stands on the standard library and golang.org/x/sys alone", p.ImportPath, i)
			}
			if i == "unsafe" && !unsafeAllowed[pkg] {
				t.Errorf("%s imports unsafe: see unsafeAllowed", p.ImportPath)
			}
			if i == "iter" && strings.HasPrefix(pkg, "internal/") && pkg != "internal/coro" && pkg != "internal/modes" {
				t.Errorf("%s imports iter: control transfer is internal/coro's", p.ImportPath)
			}
		}
	}
}

// longest is how many lines a file may have: a longer one holds two ideas.
const longest = 500

func TestNoFileIsTooLong(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if n := bytes.Count(text, []byte("\n")); n > longest {
			t.Errorf("%s has %d lines, more than %d: split it", path, n, longest)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func local(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// TestPictureOfThePackages compares the picture in ARCHITECTURE.md with the table of layers: each
// package that others may import is in it once, above those that it may import.
func TestPictureOfThePackages(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, _ := strings.Cut(string(text), "```packages\n")
	picture, _, _ = strings.Cut(picture, "```")
	line := map[string]int{}
	for i, l := range strings.Split(picture, "\n") {
		for _, pkg := range strings.Fields(l) {
			if pkg == "asyncio" {
				pkg = ""
			}
			if line[pkg] != 0 {
				t.Errorf("%q is in the picture twice", pkg)
			}
			line[pkg] = i + 1
		}
	}
	for _, l := range layers {
		if strings.Contains(l.why, "only its tests import") || l.pkg == "internal/shrink" || l.pkg == "procpool/internal/cfault" {
			continue
		}
		if line[l.pkg] == 0 {
			t.Errorf("%q is not in the picture", l.pkg)
		}
		for _, i := range l.imports {
			if line[i] <= line[l.pkg] {
				t.Errorf("%q is not below %q in the picture", i, l.pkg)
			}
		}
	}
}

// TestFilesOfTheEngine compares the tables in ARCHITECTURE.md with the files of the engine.
func TestFilesOfTheEngine(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("internal/engine/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f = filepath.Base(f); !strings.HasSuffix(f, "_test.go") && f != "doc.go" && !bytes.Contains(text, []byte("`"+f+"`")) {
			t.Errorf("ARCHITECTURE.md does not name internal/engine/%s", f)
		}
	}
}
