//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// docs/troubleshooting.md is played: each of its commands (sh) is executed, on this
// program, until what is printed is what the page says (text):
//
//   - a line ... stands for any lines, ... in a line for anything;
//   - file.go:12 is that line; another number has to be at least half of what the page
//     says, as a busy machine makes things longer, and 0 is 0; in quotes and after #, -
//     and : any number will do;
//   - paths are cut to the checkout;
//   - lines of a dump for stalls of the past, and log records of stalls, may be added.
//
// What a program prints may go on after what the page says.
const page = "../../docs/troubleshooting.md"

const bound = 3 * time.Minute // for one step, where it fails

type step struct {
	line          int
	command, text string
}

func TestThePage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for name, steps := range stepsOf(t, string(text)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &player{t: t, tools: tools(t)}
			defer p.kill()
			for _, s := range steps {
				p.play(s)
			}
		})
		for _, s := range steps {
			if _, ill, ok := strings.Cut(s.command, "-ill "); ok {
				seen[ill] = true
			}
		}
	}
	for ill := range illnesses {
		if !seen[ill] || !seen[ill+" -cured"] {
			t.Errorf("the page does not have both -ill %s and -ill %[1]s -cured", ill)
		}
	}
}

// stepsOf are the steps of each section: a sh fence and the text fence after it.
func stepsOf(t *testing.T, text string) map[string][]step {
	t.Helper()
	sections := map[string][]step{}
	section, open := "", ""
	for i, line := range strings.Split(text, "\n") {
		steps := sections[section]
		switch {
		case open == "" && strings.HasPrefix(line, "## "):
			section = line[3:]
		case open == "" && strings.HasPrefix(line, "```"):
			if open = line[3:]; open == "sh" {
				sections[section] = append(steps, step{line: i + 1})
			} else if open != "text" || len(steps) == 0 {
				t.Fatalf("%s:%d: a fence %q; expected sh, or text after sh", page, i+1, open)
			}
		case line == "```":
			open = ""
		case open == "sh":
			steps[len(steps)-1].command += line
		case open == "text":
			steps[len(steps)-1].text += line + "\n"
		}
	}
	return sections
}

// A player plays a section: one program at a time, and commands beside it.
type player struct {
	t     *testing.T
	tools string
	cmd   *exec.Cmd
	out   *transcript
	ended chan struct{}
	debug string // address
}

var (
	pageCut     = func() string { root, _ := filepath.Abs("../.."); return root + "/" }()
	debugOf     = regexp.MustCompile(`debug pages at (\S+);`)
	killCommand = regexp.MustCompile(`^kill -(INT|QUIT) 4242$`)
)

// cut makes of what a copy of the test binary prints what the program does.
func cut(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, pageCut, ""), "github.com/asyncio-go/asyncio/examples/sick.", "main.")
}

func (p *player) play(s step) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), bound)
	defer cancel()
	env, args, isProgram := strings.Cut(s.command, "go run ./examples/sick")
	signal := killCommand.FindStringSubmatch(s.command)
	switch {
	case isProgram:
		p.kill()
		p.start(strings.Fields(env), strings.Fields(args))
		p.await(ctx, s)
		p.debug = debugOf.FindStringSubmatch(p.out.text())[1]
	case signal != nil:
		p.out.mark()
		p.cmd.Process.Signal(map[string]os.Signal{"INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT}[signal[1]])
		p.await(ctx, s)
	default:
		p.command(ctx, s)
	}
}

// start starts the program.
func (p *player) start(env, args []string) {
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	p.out, p.ended = &transcript{news: make(chan struct{}, 1)}, make(chan struct{})
	p.cmd = exec.Command(self, append(args, "-listen", "127.0.0.1:0", "-debug", "127.0.0.1:0")...)
	p.cmd.Env = append(append(os.Environ(), "SICK_TEST=program", "TMPDIR="+p.t.TempDir()), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		cmd.Wait()
	}(p.cmd, p.ended)
}

// await waits until the program has printed what the page says.
func (p *player) await(ctx context.Context, s step) {
	p.t.Helper()
	for over := false; ; {
		if says(s.text+"...\n", p.out.text()) {
			return
		}
		if over {
			p.t.Fatalf("%s:%d: %s\nprints\n%s\nand the page says\n%s", page, s.line, s.command, p.out.text(), s.text)
		}
		select {
		case <-p.out.news:
		case <-p.ended:
			over = true
		case <-ctx.Done():
			over = true
		}
	}
}

// command executes a command again and again, until it prints what the page says.
func (p *player) command(ctx context.Context, s step) {
	p.t.Helper()
	command := strings.ReplaceAll(s.command, "localhost:6060", p.debug)
	for {
		cmd := exec.CommandContext(ctx, "sh", "-c", command)
		cmd.Dir = p.tools
		cmd.Env = append(os.Environ(), "SICK_TEST=curl", "PATH="+p.tools+":"+os.Getenv("PATH"), "PPROF_TMPDIR="+p.tools)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		got := cut(stdout.String())
		if says(s.text, got) {
			return
		}
		if ctx.Err() != nil {
			p.t.Fatalf("%s:%d: %s\nprints\n%s%s(%v) and the page says\n%s", page, s.line, s.command, got, &stderr, err, s.text)
		}
	}
}

func (p *player) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// tools returns a folder with a curl in it, for machines that have none.
func tools(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "curl")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A transcript is what a program has printed since the last mark.
type transcript struct {
	news chan struct{}
	mu   sync.Mutex
	b    []byte
}

func (o *transcript) Write(text []byte) (int, error) {
	o.mu.Lock()
	o.b = append(o.b, text...)
	o.mu.Unlock()
	select {
	case o.news <- struct{}{}:
	default:
	}
	return len(text), nil
}

func (o *transcript) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cut(string(o.b))
}

func (o *transcript) mark() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = nil
}

// says reports whether what was printed is what the page says.
func says(want, got string) bool {
	return sayLines(strings.Split(strings.TrimSuffix(want, "\n"), "\n"), strings.Split(strings.TrimSuffix(got, "\n"), "\n"))
}

// extra matches the lines of a dump for stalls and slow steps of the past, and the log records of
// stalls. A busy machine has more of them than the page.
var extra = regexp.MustCompile(`^  (?:\d+ stalls? \(|(?:succeeded|cancelled) .* ago: #)|^\d{4}/\S+ \S+ WARN asyncio: (?:the loop was|a step|a turn|timers were|the process)`)

func sayLines(want, got []string) bool {
	if len(want) > 0 && want[0] == "..." {
		if len(want) == 1 {
			return true
		}
		for i := range got {
			if sayLine(want[1], got[i]) && sayLines(want[2:], got[i+1:]) {
				return true
			}
		}
		return false
	}
	if len(got) > 0 && extra.MatchString(got[0]) && !(len(want) > 0 && sayLine(want[0], got[0])) {
		return sayLines(want, got[1:])
	}
	if len(want) == 0 || len(got) == 0 {
		return len(want) == len(got)
	}
	return sayLine(want[0], got[0]) && sayLines(want[1:], got[1:])
}

// pageToken is what has a meaning in a line of the page: a place, something in
// quotes, a number that is a name, a number, and anything.
var pageToken = regexp.MustCompile(`[\w/]+\.go:\d+|"[^"]*"|(?:process |[#:-])\d+|\d+(?:\.\d+)?(?:e-\d+)?(?:ms|s\b)?%?|\.\.\.|[ \t]+`)

var digits = regexp.MustCompile(`\d+`)

func sayLine(want, got string) bool {
	pattern := "^"
	var numbers []string
	at := 0
	for _, m := range pageToken.FindAllStringIndex(want, -1) {
		token := want[m[0]:m[1]]
		pattern += regexp.QuoteMeta(want[at:m[0]])
		at = m[1]
		switch {
		case token == "...":
			pattern += ".*"
		case strings.TrimSpace(token) == "":
			pattern += `[ \t]+`
		case strings.Contains(token, ".go:"):
			pattern += regexp.QuoteMeta(token)
		case token[0] < '0' || token[0] > '9':
			pattern += digits.ReplaceAllString(strings.ReplaceAll(regexp.QuoteMeta(token), `\.\.\.`, ".*"), `\d+`)
		default:
			pattern += `(\d+(?:\.\d+)?(?:e[+-]\d+)?(?:[mµn]?s)?%?)`
			numbers = append(numbers, token)
		}
	}
	pattern += regexp.QuoteMeta(want[at:]) + "$"
	m := regexp.MustCompile(pattern).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, want := range numbers {
		w, g := value(want), value(m[i+1])
		if (w == 0) != (g == 0) || g < w/2 {
			return false
		}
	}
	return true
}

// value is a number, or a duration in seconds.
func value(text string) float64 {
	if d, err := time.ParseDuration(text); err == nil {
		return d.Seconds()
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil {
		return -1
	}
	return v
}

func TestSays(t *testing.T) {
	for _, c := range []struct {
		want, got string
		same      bool
	}{
		{"a\nb", "a\nb", true},
		{"a\n...\nb", "a\nx\ny\nb", true},
		{"a\nb", "a\n  1 stall (many-steps) at a.go:3: 179 ms in all\nb\n  2 stalls (cpu) at a.go:4: 1 s in all", true},
		{"a\n  1 stall (io) at a.go:3", "a\n  1 stall (cpu) at a.go:9\n  1 stall (io) at a.go:3", true},
		{"a\n  1 stall (io) at a.go:3", "a\n  1 stall (cpu) at a.go:3", false},
		{"a\n...", "a\nx", true},
		{"a", "a\nx", false},
		{"a\nx", "a", false},
		{"...\nb", "a\nx", false},
		{"a ... b", "a x y b", true},
		{"at a.go:12, 10 of them", "at a.go:12, 5 of them", true},
		{"at a.go:12, 10 of them", "at a.go:12, 4 of them", false},
		{"at a.go:12, 10 of them", "at a.go:13, 10 of them", false},
		{"took 100ms", "took 1.2s", true},
		{"took 100ms", "took 20ms", false},
		{"0 failed", "0 failed", true},
		{"0 failed", "1 failed", false},
		{"1 failed", "0 failed", false},
		{`#8 "worker 3" ready`, `#3 "worker 1" ready`, true},
		{"process 4242, 127.0.0.1:6060", "process 17, 127.0.0.1:31", true},
		{"...\n7 served", "3 served\n7 served", true},
	} {
		if says(c.want, c.got) != c.same {
			t.Errorf("%q against %q: %v, want %v", c.got, c.want, !c.same, c.same)
		}
	}
}
