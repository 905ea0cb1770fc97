package docs

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryNameHasAnExample holds the exported names against the examples, as
// godoc sees both: a function, a type or a method needs an example of its own,
// with checked output. Constants and variables, to which godoc attaches no
// examples, have to be used in one.
func TestEveryNameHasAnExample(t *testing.T) {
	for _, dir := range []string{".", "asynciotest", "aionet", "aioexec", "aionet/aiohttp", "aiometrics"} {
		p := documentation(t, dir)
		used := map[string]bool{}
		shown := func(name string, examples []*doc.Example) {
			if len(examples) == 0 {
				t.Errorf("%s: %s has no example", p.Name, name)
			}
			for _, e := range examples {
				if e.Output == "" {
					t.Errorf("%s: the example of %s has no output to check", p.Name, name)
				}
				for name := range selectedFrom(p.Name, e.Code) {
					used[name] = true
				}
			}
		}
		values := append([]*doc.Value{}, append(p.Consts, p.Vars...)...)
		shown("the package", p.Examples)
		for _, f := range p.Funcs {
			shown(f.Name, f.Examples)
		}
		for _, typ := range p.Types {
			values = append(values, append(typ.Consts, typ.Vars...)...)
			shown(typ.Name, typ.Examples)
			for _, f := range typ.Funcs {
				shown(f.Name, f.Examples)
			}
			for _, m := range typ.Methods {
				shown(typ.Name+"."+m.Name, m.Examples)
			}
		}
		for _, v := range values {
			for _, name := range v.Names {
				if ast.IsExported(name) && !used[name] {
					t.Errorf("%s: no example uses %s", p.Name, name)
				}
			}
		}
	}
}

// documentation is what godoc shows of the package in a directory.
func documentation(t *testing.T, dir string) *doc.Package {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, strings.TrimSuffix(module+"/"+filepath.ToSlash(dir), "/."))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// selectedFrom are the names x of all pkg.x in the code.
func selectedFrom(pkg string, code ast.Node) map[string]bool {
	names := map[string]bool{}
	ast.Inspect(code, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				names[s.Sel.Name] = true
			}
		}
		return true
	})
	return names
}
