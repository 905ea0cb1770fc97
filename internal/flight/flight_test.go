package flight

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"
)

// text is a snapshot's stand-in.
type text string

func (s text) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(s))
	return int64(n), err
}

// torn fails after the half.
type torn struct{}

var errTorn = errors.New("torn")

func (torn) WriteTo(w io.Writer) (int64, error) {
	n, _ := io.WriteString(w, "half")
	return int64(n), errTorn
}

func listed(t *testing.T, dir string) []string {
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

func TestTheNewestFilesStay(t *testing.T) {
	dir := t.TempDir()
	var f files
	var written []string
	for range 2 * maxFiles {
		path, err := f.write(dir, "shop", text("trace"))
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, path)
	}
	got, want := listed(t, dir), slices.Sorted(slices.Values(written[maxFiles:]))
	if !slices.Equal(got, want) {
		t.Errorf("of\n%v\nthere are\n%v", written, got)
	}
}

func TestTheFilesAreBoundedInAll(t *testing.T) {
	for _, c := range []struct {
		sizes []int64
		keep  int
	}{
		{[]int64{1}, 1},
		{[]int64{maxTotal, maxTotal + 1}, 2},
		{[]int64{maxTotal + 1, 1}, 1},
		{[]int64{1, maxTotal, maxTotal}, 2},
		{[]int64{1, maxTotal - 1, 1, maxTotal}, 3},
		{[]int64{1, 1, 1, 1, 1, 1}, maxFiles},
	} {
		f := files{paths: make([]string, len(c.sizes)), sizes: c.sizes}
		if f.trim(); len(f.sizes) != c.keep || len(f.paths) != c.keep {
			t.Errorf("of files of %v bytes %d stay, want %d", c.sizes, len(f.sizes), c.keep)
		}
	}
}

func TestAFileIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	var f files
	if path, err := f.write(dir, "", torn{}); path != "" || !errors.Is(err, errTorn) {
		t.Errorf("a torn snapshot returned %q, %v", path, err)
	}
	if got := listed(t, dir); len(got) != 0 {
		t.Errorf("it left %v", got)
	}
	if _, err := f.write(filepath.Join(dir, "gone"), "", text("")); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a directory that is not there: %v", err)
	}
}

func TestNamesArePlain(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 6e6, time.UTC)
	for name, want := range map[string]string{
		"":                        "asyncio-stall-",
		"shop":                    "asyncio-stall-shop-",
		"../a b*c/ü":              "asyncio-stall-___a_b_c__-",
		strings.Repeat("n", 1000): "asyncio-stall-" + strings.Repeat("n", 40) + "-",
	} {
		if got := prefix(name, now); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "-20300102T030405.006") {
			t.Errorf("the name of %q becomes %q", name, got)
		}
	}
}

// One recorder is shared: it stops with the last who uses it.
func TestTheRecorderIsShared(t *testing.T) {
	dir := t.TempDir()
	own := trace.NewFlightRecorder(trace.FlightRecorderConfig{})
	a, err := Start(dir, "a", 0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Start(dir, "b", 0)
	if err != nil {
		t.Fatal(err)
	}
	a.Stop()
	a.Stop() // once more does nothing
	if path, err := a.Snapshot(); path != "" || err != nil {
		t.Errorf("after Stop a snapshot returned %q, %v", path, err)
	}
	if own.Start() == nil {
		t.Error("it stopped with the first")
	}
	path, err := b.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.HasPrefix(got, []byte("go 1.")) {
		t.Errorf("%s is no trace: it begins with %.16q", path, got)
	}
	b.Stop()
	if err := own.Start(); err != nil {
		t.Errorf("it did not stop with the last: %v", err)
	}
	if _, err := Start(dir, "c", 0); err == nil {
		t.Error("a second recorder started beside the program's own")
	}
	own.Stop()
	if _, err := Start(filepath.Join(dir, "gone"), "d", 0); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// A recording that ends while its snapshot is written does not wait for it.
func TestStopDoesNotWait(t *testing.T) {
	r, err := Start(t.TempDir(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.enter() == nil { // as Snapshot does
		t.Fatal("it does not record")
	}
	r.Stop()
	recorder.Lock()
	defer recorder.Unlock()
	if recorder.users != 1 || !recorder.Enabled() {
		t.Error("the recorder stopped under the snapshot")
	}
	if leave(); recorder.users != 0 || recorder.FlightRecorder != nil {
		t.Error("it did not stop after it")
	}
}
