package stalls

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var (
	all = flag.Bool("stalls.all", false, "run all programs; by default the commit chooses a tenth")
	run = flag.String("stalls.run", "", "run the programs with these `names`, separated by commas")
)

// build builds the command that runs a program. The test does not run the programs itself, because the
// build info of a test binary lists no dependencies.
func build(t *testing.T) (command string) {
	command = filepath.Join(t.TempDir(), "one")
	if out, err := exec.Command("go", "build", "-o", command, "./one").CombinedOutput(); err != nil {
		t.Fatalf("go build ./one: %v\n%s", err, out)
	}
	return command
}

// TestPrograms requires right reports for at least nine of ten programs.
func TestPrograms(t *testing.T) {
	names, command := chosen(t), build(t)
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	wrong := 0
	for _, p := range programs {
		if !slices.Contains(names, p.name) {
			continue
		}
		res, stderr, err := start(t, command, p.name)
		verdict := "right"
		switch {
		case err != nil:
			verdict = "failed: " + err.Error()
			t.Errorf("%s: %v\n%s", p.name, err, stderr)
		default:
			if why := p.judge(res); why != "" {
				wrong++
				verdict = "WRONG: " + why
				t.Logf("%s: %s\n%s", p.name, why, listing(res))
			} else if testing.Verbose() && *run != "" {
				t.Logf("%s:\n%s", p.name, listing(res))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.name, first(p, res), verdict)
	}
	w.Flush()
	t.Logf("\n%s%d of %d right", table.Bytes(), len(names)-wrong, len(names))
	if right := len(names) - wrong; right < needed(len(names)) {
		t.Errorf("%d of %d programs were reported rightly; want at least %d", right, len(names), needed(len(names)))
	}
}

// needed returns how many of n programs must be right: nine of ten, rounded down, and at least one.
func needed(n int) int { return max(1, n*9/10) }

// chosen returns the names of the programs to run. The commit is the seed.
func chosen(t *testing.T) []string {
	var names []string
	for _, p := range programs {
		names = append(names, p.name)
	}
	switch {
	case *run != "":
		for name := range strings.SplitSeq(*run, ",") {
			if !slices.Contains(names, name) {
				t.Fatalf("-stalls.run=%s: no program is named %q", *run, name)
			}
		}
		return strings.Split(*run, ",")
	case *all:
		return names
	}
	commit, _ := exec.Command("git", "rev-parse", "HEAD").Output() // without a repository it is empty
	hash := fnv.New64a()
	hash.Write(bytes.TrimSpace(commit))
	seed := hash.Sum64()
	rand.New(rand.NewPCG(seed, seed)).Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	names = names[:(len(names)+9)/10]
	t.Logf("seed %d, of commit %s: go test -v -stalls.run=%s", seed, bytes.TrimSpace(commit), strings.Join(names, ","))
	return names
}

// start runs a program in its own process.
func start(t *testing.T, command, name string) (res result, stderr string, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return res, "", err
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command, name)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.ExtraFiles = []*os.File{w}
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	err = cmd.Start()
	w.Close()
	if err != nil {
		return res, "", err
	}
	failed := json.NewDecoder(r).Decode(&res)
	if err := cmd.Wait(); err != nil {
		return res, errs.String(), err
	}
	return res, errs.String(), failed
}

// first returns a summary of the first report.
func first(p program, res result) string {
	list := append(p.during(res), res.Reports...)
	if len(list) == 0 {
		return "no report"
	}
	r := list[0]
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Class, r.Place, r.Call))
}

// listing returns all reports.
func listing(res result) string {
	var b strings.Builder
	for _, r := range res.Reports {
		fmt.Fprintf(&b, "\t+%v %v\n", r.At.Sub(res.Begin).Round(time.Millisecond), r)
	}
	return b.String()
}

// TestJudge judges results of a busy machine, where reports are handled late and steps wait for a processor.
func TestJudge(t *testing.T) {
	const ms = time.Millisecond
	p := program{name: "juju-rate", class: "io", call: "Get", advice: "ToThread"}
	place := guilty(p.name)[0]
	begin := time.Unix(1e9, 0)
	at := func(d, elapsed time.Duration, r report) report {
		r.At, r.Elapsed, r.Class, r.Call, r.By, r.Advice = begin.Add(d), elapsed, "io", "x.Get", p.name, "asyncio.ToThread"
		if r.Place == "" {
			r.Place = place
		}
		return r
	}
	first, end := at(110*ms, 105*ms, report{}), at(510*ms, 505*ms, report{Ended: true})
	for name, c := range map[string]struct {
		reports []report
		right   bool
	}{
		"in time":                                  {[]report{first, end}, true},
		"handled late":                             {[]report{at(5000*ms, 105*ms, report{}), at(6000*ms, 505*ms, report{Ended: true})}, true},
		"a step that began early":                  {[]report{at(110*ms, 400*ms, report{}), at(510*ms, 800*ms, report{Ended: true, RunDelay: 300 * ms})}, true},
		"another line before":                      {[]report{at(10*ms, 200*ms, report{Place: "x.go:1"}), first, end}, true},
		"another line first":                       {[]report{at(105*ms, 101*ms, report{Place: "x.go:1"}), first, end}, false},
		"an end that waited for a processor":       {[]report{first, at(2510*ms, 2505*ms, report{Ended: true, RunDelay: 2000 * ms})}, true},
		"an end that is too long":                  {[]report{first, at(2510*ms, 2505*ms, report{Ended: true})}, false},
		"only the end, without a processor before": {[]report{at(510*ms, 505*ms, report{Ended: true, RunDelay: 400 * ms})}, true},
		"only the end":                             {[]report{end}, false},
		"none":                                     {nil, false},
	} {
		if why := p.judge(result{Begin: begin, End: begin.Add(500 * ms), Reports: c.reports}); (why == "") != c.right {
			t.Errorf("%s: judged %q, want right: %v", name, why, c.right)
		}
	}
	for n, want := range map[int]int{1: 1, 5: 4, 9: 8, 10: 9, 11: 9, 109: 98} {
		if got := needed(n); got != want {
			t.Errorf("%d of %d programs must be right, want %d", got, n, want)
		}
	}
}

// TestTable checks that each program has a marked line and the fields to compare.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range programs {
		if seen[p.name] {
			t.Errorf("two programs are named %q", p.name)
		}
		seen[p.name] = true
		if p.class == "" || p.run == nil || (p.advice == "" || p.call == "") && !p.whole {
			t.Errorf("%s: class, call, advice and run are needed", p.name)
		}
		if len(guilty(p.name)) == 0 && !p.whole || p.then != "" && len(guilty(p.then)) == 0 {
			t.Errorf("%s: no line is marked", p.name)
		}
	}
}
