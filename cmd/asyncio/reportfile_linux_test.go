package main

import (
	"strings"
	"testing"
)

// Where no file can be made although the directory is there, nobody is told that it is not.
func TestReportPathThatTakesNoFiles(t *testing.T) {
	_, err := newReportFile("/proc/a.html")
	if err == nil || strings.Contains(err.Error(), "there is no directory") || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("error %v, want one that does not deny that there is a /proc", err)
	}
}
