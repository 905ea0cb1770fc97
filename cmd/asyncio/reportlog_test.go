package main

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"
)

func TestReportLog(t *testing.T) {
	var l reportLog
	logger := slog.New(&l).With("dropped", 1)
	logger.Info("not worth showing")
	logger.Warn("blocked", "task", "a", "created", sourceDir+"x.go:7", "duration", 2019*time.Millisecond)
	if got, want := l.lines(), []string{`blocked task=a created=x.go:7 duration="2.02 s"`}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	for i := range 5 {
		logger.Error(fmt.Sprint("message ", i))
	}
	if got, want := l.lines()[1:], []string{"message 0", "message 1", "and 3 more like these"}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}
