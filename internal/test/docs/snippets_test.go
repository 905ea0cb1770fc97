package docs

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What is Go in the documents and no program is type-checked, see docs_test.go.
func TestSnippetsInDocuments(t *testing.T) {
	var snippets []*fence
	for _, f := range documents(t) {
		if f.kind == "go" && !hasMain.MatchString(f.text) && !hasTest.MatchString(f.text) {
			snippets = append(snippets, f)
		}
	}
	if len(snippets) == 0 {
		t.Fatal("the documents hold no snippet")
	}
	std := newImporter(t, importable...)
	for _, f := range snippets {
		for _, err := range checkSnippet(f, std) {
			t.Error(err)
		}
	}
}

// Go in the documents is formatted as gofmt does it.
func TestGoInDocumentsIsFormatted(t *testing.T) {
	for _, f := range documents(t) {
		if f.kind != "go" {
			continue
		}
		formatted, err := format.Source([]byte(f.text))
		if err != nil {
			t.Errorf("%s: %v", f, err)
		} else if string(formatted) != f.text {
			t.Errorf("%s: not as gofmt writes it:\n%s", f, formatted)
		}
	}
}

func TestASnippetIsTypeChecked(t *testing.T) {
	std := newImporter(t, "context", "time", module)
	for _, c := range []struct{ given, text, wrong string }{
		{"", "err := asyncio.Sleep(ctx, time.Second)\n", ""},
		{"", "func nap(ctx context.Context) error { return asyncio.Sleep(ctx, time.Second) }\n", ""},
		{"func nap(ctx context.Context) error", "return nap(ctx)\n", ""},
		{"", "return nap(ctx)\n", "a.md:7: undefined: nap"},
		{"", "var n int\nn = asyncio.Sleep(ctx, 1)\n", "a.md:8: cannot use"},
		{"", "func nap(ctx context.Context) int { return asyncio.Sleep(ctx, 1) }\n", "a.md:7: cannot use"},
		{"", "asyncio.Nap(ctx)\n", "a.md:7: undefined: asyncio.Nap"},
		{"", "if {\n", "a.md:7: missing condition"},
	} {
		errs := checkSnippet(&fence{file: "a.md", line: 7, given: c.given, text: c.text}, std)
		if all := fmt.Sprint(errors.Join(errs...)); c.wrong == "" && len(errs) > 0 || !strings.Contains(all, c.wrong) {
			t.Errorf("%q: found %v, want %q", c.text, all, c.wrong)
		}
	}
}

// checkSnippet returns what is wrong with a snippet, at the line of its document.
func checkSnippet(f *fence, std types.Importer) (errs []error) {
	fset := token.NewFileSet()
	head := fmt.Sprintf("package p; %s; ", importsOf(f.text+f.given+"context.Context"))
	line := fmt.Sprintf("\n//line %s\n", f)
	if packageClause.MatchString(f.text) {
		head = ""
	}
	file, err := parser.ParseFile(fset, "", head+line+f.text+"\n"+f.given, parser.SkipObjectResolution)
	if err != nil && head != "" {
		statements := head + "func _(ctx context.Context) error {" + line + f.text + "\nreturn nil }\n" + f.given
		file, err = parser.ParseFile(fset, "", statements, parser.SkipObjectResolution)
	}
	if err != nil {
		return []error{err}
	}
	config := types.Config{Importer: std, Error: func(err error) {
		if e := err.(types.Error); !e.Soft { // soft: a variable or an import that is not used
			errs = append(errs, e)
		}
	}}
	config.Check("p", fset, []*ast.File{file}, nil) //nolint:errcheck // told to Error
	return errs
}

// newImporter imports the packages named, and theirs, as the go command compiled them.
func newImporter(t *testing.T, packages ...string) types.Importer {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Export"}, packages...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -export: %v", err)
	}
	exports := map[string]string{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no package %q", path)
		}
		return os.Open(exports[path])
	})
}
