package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A reportFile is the file of the page. It is written under a temporary name and renamed, so that
// the page is complete or absent.
type reportFile struct {
	path string // of the page
	temp string // the temporary name
}

// newReportFile checks whether a page can be written to path, before the measurements begin.
func newReportFile(path string) (*reportFile, error) {
	f := &reportFile{path: path}
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("the report cannot be written to %q: it is a directory; use a file name, such as %q",
			path, filepath.Join(path, "report.html"))
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("the report cannot be written to %q: it is not a regular file; use a file name", path)
	case err == nil: // replace the target of a link, not the link
		if f.path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, fmt.Errorf("the report cannot be written: %w", err)
		}
	}
	f.temp = filepath.Join(filepath.Dir(f.path), fmt.Sprintf(".%s.%d", filepath.Base(f.path), os.Getpid()))
	if err := f.create(func(io.Writer) error { return nil }); err != nil {
		return nil, err
	}
	return f, os.Remove(f.temp)
}

// write replaces the file by the output of fill.
func (f *reportFile) write(fill func(io.Writer) error) error {
	if err := f.create(fill); err != nil {
		return err
	}
	if err := os.Rename(f.temp, f.path); err != nil {
		return errors.Join(fmt.Errorf("the report cannot be written: %w", err), os.Remove(f.temp))
	}
	return nil
}

// create creates the temporary file. After an error it removes the file.
func (f *reportFile) create(fill func(io.Writer) error) error {
	file, err := os.OpenFile(f.temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if _, gone := os.Stat(filepath.Dir(f.path)); err != nil && errors.Is(gone, fs.ErrNotExist) {
		return fmt.Errorf("the report cannot be written to %q: there is no directory %q", f.path, filepath.Dir(f.path))
	}
	if err != nil {
		return fmt.Errorf("the report cannot be written to %q: %w", f.path, err)
	}
	err = fill(file)
	if err == nil {
		err = file.Sync() // the content is on disk before the rename
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(fmt.Errorf("the report cannot be written to %q: %w", f.path, err), os.Remove(f.temp))
	}
	return nil
}
