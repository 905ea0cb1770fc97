package semantics_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	rtrace "runtime/trace"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// The tests of the flight recorder block a real loop until the watch has told of it.

// stallTime is their threshold.
const stallTime = 40 * time.Millisecond

// blocked runs a loop that a task blocks until seen has returned for the first report of that, and returns
// all reports of it. What is logged goes to book.
func blocked(t *testing.T, book *logbook, seen func(s asyncio.Stall), opts ...asyncio.Option) []asyncio.Stall {
	t.Helper()
	return blockedAfter(t, book, func() {}, seen, opts...)
}

// blockedAfter calls first on the loop before.
func blockedAfter(t *testing.T, book *logbook, first func(), seen func(s asyncio.Stall), opts ...asyncio.Option) []asyncio.Stall {
	t.Helper()
	var reports []asyncio.Stall
	release := make(chan struct{})
	opts = append(opts, asyncio.WithLogger(slog.New(book)), asyncio.WithStallThreshold(stallTime),
		asyncio.WithStallHandler(func(s asyncio.Stall) {
			if s.TaskName != "the culprit" {
				return // the machine stood still before
			}
			if reports = append(reports, s); len(reports) == 1 {
				defer close(release)
				seen(s)
			}
		}))
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		first()
		_, err := asyncio.Go(ctx, func(context.Context) error { <-release; return nil }, asyncio.Name("the culprit")).Await(ctx)
		return err
	}, opts...)
	if err != nil {
		t.Error(err)
	}
	return reports
}

// recorderIsFree fails the test if a flight recorder runs in the process.
func recorderIsFree(t *testing.T) {
	t.Helper()
	own := rtrace.NewFlightRecorder(rtrace.FlightRecorderConfig{})
	if err := own.Start(); err != nil {
		t.Errorf("a flight recorder runs still: %v", err)
		return
	}
	own.Stop()
}

// traces lists the files in dir.
func traces(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Join(dir, e.Name()))
	}
	return names
}

func TestFlight_AStallLeavesATrace(t *testing.T) {
	noGoroutinesLeft(t)
	dir := t.TempDir()
	book := &logbook{}
	reports := blocked(t, book, func(s asyncio.Stall) { // the loop is blocked still
		text, err := os.ReadFile(s.TraceFile)
		if err != nil || !bytes.HasPrefix(text, []byte("go 1.")) || !bytes.Contains(text[:16], []byte(" trace\x00")) {
			t.Errorf("%q is no trace: it begins with %.16q, %v", s.TraceFile, text, err)
		}
		if filepath.Dir(s.TraceFile) != dir || !strings.Contains(filepath.Base(s.TraceFile), "-shop-") {
			t.Errorf("the file is %s, want one in %s that names the loop", s.TraceFile, dir)
		}
		if info, err := os.Stat(s.TraceFile); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v, %v: want one that only the user may read", info.Mode(), err)
		}
		if !strings.Contains(s.String(), "go tool trace "+s.TraceFile) {
			t.Errorf("the report does not name the file:\n%v", s)
		}
	}, asyncio.WithName("shop"), asyncio.WithFlightRecorder(dir))
	if len(reports) == 0 {
		t.Fatal("nothing was reported")
	}
	for _, s := range reports {
		if s.TraceFile != reports[0].TraceFile {
			t.Errorf("a stall has the traces %s and %s", reports[0].TraceFile, s.TraceFile)
		}
	}
	if len(book.containing("trace="+reports[0].TraceFile)) == 0 {
		t.Errorf("the file is not in the log:\n%s", strings.Join(book.lines, "\n"))
	}
	recorderIsFree(t)
}

func TestFlight_WithoutDirectoryItIsTheSystemsForTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir) // Unix
	t.Setenv("TMP", dir)    // Windows
	reports := blocked(t, &logbook{}, func(asyncio.Stall) {}, asyncio.WithFlightRecorder(""))
	if len(reports) == 0 || filepath.Dir(reports[0].TraceFile) != dir {
		t.Errorf("the reports are %v, want a trace in %s", reports, dir)
	}
}

// Two loops of one process have one recorder, and a trace each.
func TestFlight_LoopsShareIt(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	book := &logbook{}
	outer := blocked(t, book, func(asyncio.Stall) {
		inner := blocked(t, book, func(asyncio.Stall) {}, asyncio.WithFlightRecorder(b))
		if len(inner) == 0 || filepath.Dir(inner[0].TraceFile) != b {
			t.Errorf("the reports of the second loop are %v", inner)
		}
	}, asyncio.WithFlightRecorder(a))
	if len(outer) == 0 || filepath.Dir(outer[0].TraceFile) != a {
		t.Errorf("the reports of the first loop are %v", outer)
	}
	if lines := book.containing("flight recorder"); len(lines) > 0 {
		t.Errorf("the log has %q", lines)
	}
	recorderIsFree(t)
}

// What the program records itself goes on, and the loop too.
func TestFlight_BesideTheProgramsOwn(t *testing.T) {
	t.Run("recorder", func(t *testing.T) {
		own := rtrace.NewFlightRecorder(rtrace.FlightRecorderConfig{})
		if err := own.Start(); err != nil {
			t.Fatal(err)
		}
		defer own.Stop()
		dir := t.TempDir()
		book := &logbook{}
		reports := blocked(t, book, func(asyncio.Stall) {}, asyncio.WithFlightRecorder(dir))
		if len(reports) == 0 || reports[0].TraceFile != "" || len(traces(t, dir)) != 0 {
			t.Errorf("the reports are %v, the files %v: want reports without traces", reports, traces(t, dir))
		}
		if lines := book.containing("the flight recorder did not start"); len(lines) != 1 || !strings.Contains(lines[0], "one flight recorder") {
			t.Errorf("the log has %q, want that it did not start and why", lines)
		}
		if !own.Enabled() {
			t.Error("the program's own recorder was stopped")
		}
	})
	t.Run("trace", func(t *testing.T) {
		var own bytes.Buffer
		started := rtrace.Start(&own) == nil // if not, go test -trace has
		reports := blocked(t, &logbook{}, func(asyncio.Stall) {}, asyncio.WithFlightRecorder(t.TempDir()))
		if started {
			rtrace.Stop()
		}
		if len(reports) == 0 || reports[0].TraceFile == "" {
			t.Errorf("the reports are %v, want one with a trace", reports)
		}
		if started && !bytes.HasPrefix(own.Bytes(), []byte("go 1.")) {
			t.Errorf("the program's own trace begins with %.16q", own.Bytes())
		}
	})
}

func TestFlight_ADirectoryThatCannotBeWritten(t *testing.T) {
	t.Run("at the start", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "gone")
		book := &logbook{}
		reports := blocked(t, book, func(asyncio.Stall) {
			if lines := book.containing("the flight recorder did not start"); len(lines) != 1 || !strings.Contains(lines[0], dir) {
				t.Errorf("the log has %q, want that it did not start, and the path", lines)
			}
			recorderIsFree(t)
		}, asyncio.WithFlightRecorder(dir))
		if len(reports) == 0 || reports[0].TraceFile != "" {
			t.Errorf("the reports are %v, want some without a trace", reports)
		}
	})
	t.Run("later", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "gone")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		book := &logbook{}
		reports := blockedAfter(t, book, func() {
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		}, func(asyncio.Stall) {}, asyncio.WithFlightRecorder(dir))
		if len(reports) == 0 || reports[0].TraceFile != "" {
			t.Errorf("the reports are %v, want some without a trace", reports)
		}
		if lines := book.containing("could not be written"); len(lines) != 1 || !strings.Contains(lines[0], dir) {
			t.Errorf("the log has %q, want that the trace could not be written, once, and the path", lines)
		}
		recorderIsFree(t)
	})
}

// Where nothing is watched, nothing is recorded.
func TestFlight_NotWithoutTheWatch(t *testing.T) {
	dir := t.TempDir()
	err := asyncio.Run(t.Context(), func(context.Context) error { recorderIsFree(t); return nil },
		asyncio.WithFlightRecorder(dir), asyncio.WithStallThreshold(0))
	if err != nil {
		t.Error(err)
	}
	traced := rtrace.IsEnabled() // by go test -trace
	asynciotest.Run(t, func(context.Context, *testing.T) {
		if !traced && rtrace.IsEnabled() { // the runtime does not survive that in a bubble
			t.Error("a trace is recorded in a bubble")
		}
	}, asyncio.WithFlightRecorder(dir), asynciotest.NoStalls(time.Second))
	if got := traces(t, dir); len(got) != 0 {
		t.Errorf("there are %v", got)
	}
}
