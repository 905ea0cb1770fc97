package main

import (
	"strings"
	"testing"
)

// TestReportFile_DirectoryWithoutFiles: the error does not say that the directory is missing.
func TestReportFile_DirectoryWithoutFiles(t *testing.T) {
	_, err := newReportFile("/proc/a.html")
	if err == nil || strings.Contains(err.Error(), "there is no directory") || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("error %v, want one that does not deny that there is a /proc", err)
	}
}
