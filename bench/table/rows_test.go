package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// benchmarkNames lists the benchmarks of the folder above, from its source.
func benchmarkNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range tree.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				if name, ok := strings.CutPrefix(f.Name.Name, "Benchmark"); ok {
					names = append(names, name)
				}
			}
		}
	}
	return names
}

func TestRowsAreTheBenchmarks(t *testing.T) {
	want := benchmarkNames(t)
	var got []string
	for _, r := range rows {
		got = append(got, r.bench)
	}
	slices.Sort(want)
	slices.Sort(got)
	got = slices.Compact(got) // two rows may read one benchmark
	if !slices.Equal(got, want) {
		t.Errorf("the rows are of benchmarks %v\nbut there are %v", got, want)
	}
}

func TestRowsHoldTogether(t *testing.T) {
	metrics := make(map[[2]string]string)
	for _, r := range rows {
		key := [2]string{r.bench, r.metric}
		if other, ok := metrics[key]; ok {
			t.Errorf("rows %q and %q both show %s of %s", other, r.name, r.metric, r.bench)
		}
		metrics[key] = r.name
		if r.contenders[0] != ours {
			t.Errorf("row %q begins with contender %q, want %q", r.name, r.contenders[0], ours)
		}
		for _, c := range r.contenders {
			if !slices.Contains(columns, c) {
				t.Errorf("row %q has contender %q, which has no column", r.name, c)
			}
		}
		for _, target := range r.targets {
			if target.against != "" && !slices.Contains(r.contenders, target.against) {
				t.Errorf("row %q has target %q against none of its contenders %v", r.name, target, r.contenders)
			}
		}
	}
}
