package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// pretendedApp returns the command with a fixed speed and remedies for virtual time.
func pretendedApp(out, errs *bytes.Buffer, settings ...string) *app {
	return &app{
		network:    func() asyncio.Option { return asynciotest.WithNetwork(asynciotest.NewNetwork()) },
		screen:     newScreen(out, env(settings...)),
		stderr:     errs,
		program:    "asyncio",
		measure:    func(context.Context) ([]speed, error) { return []speed{490e6, 500e6}, nil },
		remedies:   pretended,
		processors: 2,
	}
}

// inBubble runs body in virtual time, without the garbage collector: the
// forgotten task of the concepts is reported when its handle is collected or
// when its loop ends, and only the second has a fixed place in the output.
func inBubble(t *testing.T, body func(t *testing.T)) {
	percent := debug.SetGCPercent(-1)
	defer debug.SetGCPercent(percent)
	synctest.Test(t, body)
}

// TestDemoOutput compares the whole output in virtual time, where time stamps and cells are exact.
func TestDemoOutput(t *testing.T) {
	for name, c := range map[string]struct {
		args    string
		env     string
		seconds float64 // that it takes
	}{
		"demo":     {args: "demo", seconds: 8 + 4*4},
		"full":     {args: "demo -full", seconds: 12 + 4*6},
		"concepts": {args: "demo concepts", seconds: 12},
		"blocking": {args: "demo blocking", seconds: 4 * 6},
		"jobs":     {args: "demo blocking -jobs 3 -interval 250ms -n 1_000", seconds: 10 + 10 + 6 + 6},
		"narrow":   {args: "demo blocking", env: "COLUMNS=40", seconds: 4 * 6},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var out, errs bytes.Buffer
				start := time.Now()
				status := pretendedApp(&out, &errs, c.env).run(t.Context(), strings.Fields(c.args))
				if status != statusOK || errs.Len() > 0 {
					t.Errorf("status %d, stderr %q", status, errs.String())
				}
				if took := time.Since(start).Round(time.Millisecond).Seconds(); took != c.seconds {
					t.Errorf("it took %v s, want %v s", took, c.seconds)
				}
				golden(t, name, out.Bytes())
			})
		})
	}
}

// logBlock matches the log of the loops, in which durations vary.
var logBlock = regexp.MustCompile(`(?s)The loops logged:\n.*?\n\n`)

// lineNumber matches a line of programs.go.
var lineNumber = regexp.MustCompile(`programs\.go:\d+`)

// golden compares output, without the log of the loops, with a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	got = logBlock.ReplaceAll(got, nil)
	got = lineNumber.ReplaceAll(got, []byte("programs.go:N"))
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if !bytes.Equal(got, want) {
		t.Errorf("the output differs from %s (run the test with -update to accept it):\n%s", file, got)
	}
}

// TestDemoInColour: a terminal gets the same text with colours.
func TestDemoInColour(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var coloured, errs bytes.Buffer
		a := pretendedApp(&coloured, &errs)
		a.screen.colour = true
		if status := a.run(t.Context(), []string{"demo"}); status != statusOK {
			t.Errorf("status %d, stderr %q", status, errs.String())
		}
		if !bytes.Contains(coloured.Bytes(), []byte("\x1b[32m|\x1b[0m")) {
			t.Error("the ticks are not green")
		}
		text := coloured.String()
		for _, st := range []style{"0", bold, faint, red, green, yellow, cyan} {
			text = strings.ReplaceAll(text, "\x1b["+string(st)+"m", "")
		}
		golden(t, "demo", []byte(text))
	})
}

// TestInterrupt: Ctrl-C ends each part of the demonstration.
func TestInterrupt(t *testing.T) {
	// This blocks the loop as the remedy "none" does, and asks in between.
	stubborn := remedy{name: "none", run: func(ctx context.Context, n int64) (int64, error) {
		return compute(1000, 1, func() error { time.Sleep(2 * time.Millisecond); return ctx.Err() })
	}}
	yielding := remedy{name: "pieces", run: inPieces}
	for _, c := range []struct {
		name   string
		args   string
		after  time.Duration
		remedy remedy
		want   string // what the last line of output begins with
	}{
		{"in a concept", "demo", 500 * time.Millisecond, yielding, "   0.00 s  hello"},
		{"in a concept that expects errors", "demo concepts", 11_000 * time.Millisecond, yielding, "   0.00 s  working"},
		{"before the computation", "demo blocking", 700 * time.Millisecond, yielding, "pieces  |...|."},
		{"in a computation that yields", "demo blocking", 2_900 * time.Millisecond, yielding, "pieces  |...|...|...|...|###|##"},
		// Once the block ends, the overdue tick may come or not.
		{"in a computation that blocks", "demo blocking", 2_900 * time.Millisecond, stubborn, "none  |...|...|...|...|######"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var out, errs bytes.Buffer
				a := pretendedApp(&out, &errs)
				a.remedies = []remedy{c.remedy}
				ctx, interrupt := context.WithCancel(t.Context())
				time.AfterFunc(c.after, interrupt)
				start := time.Now()
				status := a.run(ctx, strings.Fields(c.args))
				// The strides of the pretended computations take up to 10 ms.
				if late := time.Since(start) - c.after; late < 0 || late > 10*time.Millisecond {
					t.Errorf("it ended %v after the interruption", late)
				}
				if status != statusInterrupted || !strings.Contains(errs.String(), "interrupted") {
					t.Errorf("status %d, stderr %q", status, errs.String())
				}
				text := strings.TrimSuffix(out.String(), "\n")
				if last := text[strings.LastIndexByte(text, '\n')+1:]; !strings.HasPrefix(last, c.want) {
					t.Errorf("the output ends with %q, want %q", last, c.want)
				}
			})
		})
	}
}

// TestFailure: an error of the demonstration gives status 1.
func TestFailure(t *testing.T) {
	var out, errs bytes.Buffer
	a := pretendedApp(&out, &errs)
	a.measure = func(context.Context) ([]speed, error) { return nil, errors.New("no clock") }
	if status := a.run(t.Context(), []string{"demo", "blocking"}); status != statusFailed || errs.String() != "asyncio: no clock\n" {
		t.Errorf("status %d, stderr %q", status, errs.String())
	}
}

// TestNextSteps: the proposed commands are valid.
func TestNextSteps(t *testing.T) {
	if len(nextSteps) != 4 {
		t.Errorf("%d next steps, want 4", len(nextSteps))
	}
	for _, step := range nextSteps {
		command, rest, _ := strings.Cut(step.args, " ")
		if _, err := parseOptions(strings.Fields(rest), partNames); command != "demo" || err != nil {
			t.Errorf("next step %q: %v", step.args, err)
		}
	}
}

// TestVerdict: the verdict depends on the measurements.
func TestVerdict(t *testing.T) {
	right := closedSum(1000)
	for _, c := range []struct {
		score score
		text  string
		mood  style
	}{
		{score{expected: 4, received: 4, sums: []int64{right, right}}, "fine", green},
		{score{expected: 4, received: 4, sums: []int64{right, 5}}, "wrong: s must be 17,946", red},
		{score{computing: 2 * time.Second, worstGap: 2 * time.Second, expected: 12, received: 9, sums: []int64{right}},
			"blocks the loop: not one tick for 2.00 s, 3 ticks lost", red},
		{score{computing: 2 * time.Second, worstGap: 800 * time.Millisecond, expected: 12, received: 11, sums: []int64{right}},
			"holds the loop up: as much as 800 ms between two ticks, 1 tick lost", yellow},
	} {
		text, mood := verdict(result{remedy: remedy{verdict: "fine"}, score: c.score}, experiment{n: 1000})
		if text != c.text || mood != c.mood {
			t.Errorf("%+v: verdict %q in style %q, want %q in %q", c.score, text, mood, c.text, c.mood)
		}
	}
}
