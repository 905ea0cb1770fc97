package docs

import (
	"bytes"
	"flag"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateAPI = flag.Bool("update-api", false, "write api.txt anew")

// public are the packages that users import, by directory.
var public = []string{".", "aioexec", "aiometrics", "aionet", "aionet/aiohttp", "asynciotest", "executortest", "procpool"}

// TestAPI holds what the packages export against api.txt, so that a change of the public
// contract is always one of that file too, seen by whoever reads the change. After a
// change that is meant: go test ./internal/test/docs -run TestAPI -update-api
func TestAPI(t *testing.T) {
	var lines []string
	for _, dir := range public {
		lines = append(lines, exported(t, dir)...)
	}
	now := strings.Join(lines, "\n") + "\n"
	if *updateAPI {
		if err := os.WriteFile("api.txt", []byte(now), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("api.txt")
	if err != nil {
		t.Fatal(err)
	}
	was := strings.Split(strings.TrimSuffix(string(kept), "\n"), "\n")
	for _, l := range was {
		if !slices.Contains(lines, l) {
			t.Errorf("gone: %s", l)
		}
	}
	for _, l := range lines {
		if !slices.Contains(was, l) {
			t.Errorf("new, and not in api.txt: %s", l)
		}
	}
	if now != string(kept) && !t.Failed() {
		t.Error("api.txt has its lines in another order, or twice")
	}
}

// exported lists the exported declarations of a package, as they are on linux/amd64, a
// line each, without the names of parameters: they may change.
func exported(t *testing.T, dir string) []string {
	t.Helper()
	pkg, err := build.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	fset := token.NewFileSet()
	say := func(parts ...string) { lines = append(lines, pkg.Name+": "+strings.Join(parts, "")) }
	text := func(n any) string {
		var b bytes.Buffer
		if err := printer.Fprint(&b, fset, n); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	for _, name := range pkg.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if receiver := receiverOf(d); !d.Name.IsExported() {
					continue
				} else if receiver == "" {
					say("func ", d.Name.Name, typeParams(text, d.Type.TypeParams), signature(text, d.Type))
				} else if ast.IsExported(receiver) || receiver == "queue" { // which the queues embed
					say("method (", text(d.Recv.List[0].Type), ") ", d.Name.Name, signature(text, d.Type))
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						if s.Name.IsExported() {
							typeLines(say, text, s)
						}
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() {
								say(d.Tok.String(), " ", n.Name)
							}
						}
					}
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// receiverOf is the name of the type whose method it is; "" of a function.
func receiverOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// typeLines are one for the type and one for each exported field or method of it.
func typeLines(say func(...string), text func(any) string, s *ast.TypeSpec) {
	head := "type " + s.Name.Name + typeParams(text, s.TypeParams)
	if s.Assign != 0 {
		head += " ="
	}
	var members *ast.FieldList
	switch typ := s.Type.(type) {
	case *ast.StructType:
		say(head, " struct")
		members = typ.Fields
	case *ast.InterfaceType:
		say(head, " interface")
		members = typ.Methods
	case *ast.FuncType:
		say(head, " func", signature(text, typ))
		return
	default:
		say(head, " ", text(typ))
		return
	}
	for _, m := range members.List {
		for _, n := range m.Names {
			if !n.IsExported() {
				continue
			}
			if f, ok := m.Type.(*ast.FuncType); ok {
				say(head, ", ", n.Name, signature(text, f))
			} else {
				say(head, ", ", n.Name, " ", text(m.Type))
			}
		}
		if len(m.Names) == 0 {
			say(head, ", embeds ", text(m.Type))
		}
	}
}

func typeParams(text func(any) string, list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, p := range list.List {
		for _, n := range p.Names {
			all = append(all, n.Name+" "+text(p.Type))
		}
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// signature is the types of parameters and results.
func signature(text func(any) string, f *ast.FuncType) string {
	types := func(list *ast.FieldList) (all []string) {
		if list == nil {
			return nil
		}
		for _, p := range list.List {
			for range max(1, len(p.Names)) {
				all = append(all, text(p.Type))
			}
		}
		return all
	}
	s := "(" + strings.Join(types(f.Params), ", ") + ")"
	switch r := types(f.Results); len(r) {
	case 0:
	case 1:
		s += " " + r[0]
	default:
		s += " (" + strings.Join(r, ", ") + ")"
	}
	return s
}
