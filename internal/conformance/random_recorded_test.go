package conformance

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var record = flag.Bool("record", false, "TestRandomRecorded writes testdata/random.jsonl anew, with the CPython that PYTHON names")

const (
	randomFile = "testdata/random.jsonl"
	perKind    = 140 // recorded programs of each kind
)

// recordedHead is the first line of the recording. Each other line is a recordedProgram.
type recordedHead struct {
	Version string `json:"version"`
	Digest  string `json:"digest"` // of the Python files
}

type recordedProgram struct {
	Seed    uint64 `json:"seed"`
	Program tree   `json:"program"`
	Trace   string `json:"trace"` // lines
}

// randomDigest is the digest of the Python files of random programs.
func randomDigest(t *testing.T) string {
	var text string
	for _, file := range []string{"harness.py", "random_loop.py", "random_blocks.py", "random_run.py"} {
		text += read(t, filepath.Join("programs", file))
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:16]
}

// TestRandomRecorded runs the recorded random programs and compares their traces. The recording
// contains the programs, so that it stays valid when the maker changes.
func TestRandomRecorded(t *testing.T) {
	if *record {
		recordRandom(t)
	}
	all := lines(read(t, randomFile))
	var head recordedHead
	if err := json.Unmarshal([]byte(all[0]), &head); err != nil {
		t.Fatalf("%s: %v", randomFile, err)
	}
	if now := randomDigest(t); head.Digest != now {
		t.Errorf("%s was recorded by programs/random_*.py %s, which are now %s: run record.sh", randomFile, head.Digest, now)
	}
	if handWritten := recorded(t, "sleep0_is_one_turn").version; head.Version != handWritten {
		t.Errorf("%s was recorded with %s, the other traces with %s: run record.sh", randomFile, head.Version, handWritten)
	}
	if len(all) != 1+2*perKind {
		t.Errorf("%s has %d programs, want %d", randomFile, len(all)-1, 2*perKind)
	}
	outside := 0
	for _, line := range all[1:] {
		var r recordedProgram
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", randomFile, err)
		}
		t.Run(fmt.Sprintf("%s/%d", r.Program.Kind, r.Seed), func(t *testing.T) {
			want, got := ordered(r.Program, lines(r.Trace)), ordered(r.Program, interpret(t, r.Program))
			if deadlocked(got) {
				outside++
				return
			}
			if !slices.Equal(got, want) {
				text, _ := json.MarshalIndent(r.Program.Do, "", " ")
				t.Errorf("want the trace of %s (-), got another (+):\n%s\n%s", head.Version, text, diff(want, got))
			}
		})
	}
	if most := len(all) / 5; outside > most {
		t.Errorf("%d programs are outside of the comparison, because they deadlock; want at most %d", outside, most)
	}
	t.Logf("%d programs deadlock", outside)
}

// recordRandom writes the recording: for each kind, the first programs that can be compared and are
// long enough.
func recordRandom(t *testing.T) {
	py := startPython(t)
	var out strings.Builder
	write := func(v any) {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	const shortest = 15 // the minimum number of lines of a program
	write(recordedHead{py.version, randomDigest(t)})
	for _, kind := range []string{turns, instants} {
		for seed, n := uint64(1), 0; n < perKind; seed++ {
			p := makeTree(kind, seed)
			a := py.run(p)
			if a.Error != "" {
				t.Fatalf("seed %d of %s: %s", seed, kind, a.Error)
			}
			if a.Outside == "" && len(a.Trace) >= shortest {
				write(recordedProgram{seed, p, strings.Join(a.Trace, "\n")})
				n++
			}
		}
	}
	if err := os.WriteFile(randomFile, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
