package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ls returns the names of the files in a directory.
func ls(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestReportFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	for _, text := range []string{"first", "second, and longer", "third"} {
		f, err := newReportFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.write(func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != text || err != nil {
			t.Errorf("the file holds %q, %v; want %q", got, err, text)
		}
	}
	if got := ls(t, dir); got != "report.html" {
		t.Errorf("the directory holds %s", got)
	}
}

// TestReportFile_FailedWriteKeepsTheOldFile: after a failed write the file is unchanged.
func TestReportFile_FailedWriteKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := newReportFile(path)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err = f.write(func(w io.Writer) error { io.WriteString(w, "half a page"); return full })
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "report.html") {
		t.Errorf("error %v, want one that names the file, and: disk full", err)
	}
	if got, err := os.ReadFile(path); string(got) != "old" || err != nil {
		t.Errorf("the file holds %q, %v; want what was there before", got, err)
	}
	if got := ls(t, dir); got != "report.html" {
		t.Errorf("the directory holds %s", got)
	}
}

// TestReportFile_Link: the target of a link is replaced, the link is not.
func TestReportFile_Link(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target, link := filepath.Join(elsewhere, "page.html"), filepath.Join(dir, "link.html")
	if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Logf("no links here: %v", err)
		return
	}
	f, err := newReportFile(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.write(func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(target); string(got) != "new" {
		t.Errorf("the target holds %q", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is no link any more: %v, %v", info, err)
	}
}

// TestInvalidReportPath: an invalid path is reported before the measurements.
func TestInvalidReportPath(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string][]string{
		dir:                                 {"is a directory", "use a file name", "report.html"},
		filepath.Join(dir, "no", "a.html"):  {"there is no directory", filepath.Join(dir, "no")},
		filepath.Join(file, "a.html"):       {"cannot be written", "a.html"},
		filepath.Join(dir, "nul\x00byte"):   {"cannot be written"},
		os.DevNull:                          {"not a regular file", "use a file name"},
		strings.Repeat("x", 5000) + ".html": {"cannot be written"},
		filepath.Join(dir, "no") + "/":      {"there is no directory"},
	} {
		var out, errs bytes.Buffer
		a := pretendedApp(&out, &errs)
		a.measure = func(context.Context) ([]speed, error) {
			t.Errorf("-report %q: something was measured", path)
			return nil, errors.New("measured")
		}
		status := a.run(t.Context(), []string{"demo", "-report", path})
		if status != statusFailed || out.Len() > 0 {
			t.Errorf("-report %q: status %d, stdout %q; want status 1 and nothing", path, status, out.String())
		}
		for _, word := range words {
			if !strings.Contains(errs.String(), word) {
				t.Errorf("-report %q: stderr %q does not say %q", path, errs.String(), word)
			}
		}
	}
	if got := ls(t, dir); got != "file" {
		t.Errorf("the directory holds %s", got)
	}
}

// TestInterruptedReport: an interrupted demonstration writes no page.
func TestInterruptedReport(t *testing.T) {
	dir := t.TempDir()
	inBubble(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		ctx, interrupt := context.WithTimeout(t.Context(), 3*time.Second)
		defer interrupt()
		status := pretendedApp(&out, &errs).run(ctx, []string{"demo", "blocking", "-report", filepath.Join(dir, "a.html")})
		if status != statusInterrupted {
			t.Errorf("status %d, want %d", status, statusInterrupted)
		}
	})
	if got := ls(t, dir); got != "" {
		t.Errorf("the directory holds %s", got)
	}
}
