package procpool

import (
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaults(t *testing.T) {
	o, err := Options{}.withDefaults()
	if err != nil || o.Workers != runtime.NumCPU() || o.GOMAXPROCS != 2 || o.KillGrace != 2*time.Second || o.IdleTimeout != time.Minute ||
		o.StartTimeout != 10*time.Second || o.MaxMessage != 1<<30 || o.TasksPerWorker != 0 || o.QueueLimit != 0 || o.Nice != 0 || o.MemoryLimit != 0 {
		t.Errorf("the defaults are %+v, %v", o, err)
	}
}

func TestHistogram(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, bounds[0], bounds[0] + 1, bounds[1], time.Hour, -1} {
		h.add(d)
	}
	e := h.export()
	want := make([]uint64, len(bounds)+1)
	want[0], want[1], want[len(bounds)] = 3, 2, 1
	if !slices.Equal(e.Counts, want) || !slices.Equal(e.Bounds, bounds) || len(h.counts) != len(bounds)+1 {
		t.Errorf("counts %v of bounds %v", e.Counts, e.Bounds)
	}
	if want := time.Hour + 2*bounds[0] + bounds[1]; e.Sum != want {
		t.Errorf("sum %v; want %v", e.Sum, want)
	}
	e.Counts[0], e.Bounds[0] = 99, 99
	if h.counts[0] != 3 || bounds[0] == 99 {
		t.Error("what was exported is shared")
	}
}

func TestTail(t *testing.T) {
	var all tail
	text := strings.Repeat("0123456789", 30_000)
	for part := range slices.Chunk([]byte(text), 1234) {
		if n, err := all.Write(part); n != len(part) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
	}
	if got := all.String(); got != text[len(text)-maxTail:] {
		t.Errorf("a tail of %d bytes that is not the end", len(got))
	}
	all.beginCall()
	all.Write([]byte("new"))
	own, _ := all.ofCall()
	if got := all.String(); own != "new" || got != text[len(text)-maxTail+3:]+"new" {
		t.Errorf("after begin: %q of the call; in all %d bytes", own, len(got))
	}
	for range 3 { // pushes the call's beginning out of the tail
		all.Write([]byte(text))
	}
	own, trace := all.ofCall()
	if got := all.String(); own != got || got != text[len(text)-maxTail:] || trace != "" {
		t.Errorf("of a call that printed much: %d bytes of %d, trace %.20q", len(own), len(got), trace)
	}
}

// TestTailOfATrace: the tail keeps the beginning of a trace that is longer than the tail, for
// writes of any size.
func TestTailOfATrace(t *testing.T) {
	frames := strings.Repeat("main.work(0x1)\n\t/src/main.go:12 +0x34\n", 20_000)
	trace := "fatal error: all is lost\n\n" + frames
	for _, piece := range []int{1, 100, 4096, 1 << 20} {
		all := &tail{}
		io.WriteString(all, "panic: of another call\n"+frames)
		all.beginCall()
		for part := range slices.Chunk([]byte("hello\n"+trace), piece) {
			all.Write(part)
		}
		e := processExit{readErr: io.EOF}
		e.tail, e.trace = all.ofCall()
		if e.trace != trace[:maxTrace] || e.tail != frames[len(frames)-maxTail:] {
			t.Errorf("in pieces of %d: the trace begins %.30q, %d bytes; the tail has %d", piece, e.trace, len(e.trace), len(e.tail))
		}
		all.beginCall()
		if _, trace := all.ofCall(); trace != "" {
			t.Errorf("the next call has the trace %.30q", trace)
		}
	}
}

func TestLines(t *testing.T) {
	var got []string
	l := &lines{log: func(s string) { got = append(got, s) }}
	for _, part := range []string{"a", "b\nc\r\n\n", "\nd", "", "e\n", strings.Repeat("x", maxLine+1), "y\nend"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
	}
	l.flush()
	if want := []string{"ab", "c", "de", strings.Repeat("x", maxLine+1), "y", "end"}; !slices.Equal(got, want) {
		t.Errorf("lines %.40q", got)
	}
}

// TestFatalOf: fatalOf finds the runtime's message among other output.
func TestFatalOf(t *testing.T) {
	for tail, want := range map[string]string{
		"":                                    "",
		"all is well\n":                       "",
		"no panic: really\n":                  "",
		"x\npanic: oh\n\ngorout":              "panic: oh",
		"fatal error: no\nruntime":            "fatal error: no",
		"panic: first\nfatal error: second\n": "fatal error: second",
		"runtime: x\nunexpected fault address 0x1\nfatal error: fault\n": "unexpected fault address 0x1",
		"SIGSEGV: segmentation violation\nPC=0x1\n":                      "SIGSEGV: segmentation violation",
	} {
		got, stack := fatalOf(tail)
		if got != want || !strings.HasPrefix(stack, want) || !strings.HasSuffix(tail, stack) {
			t.Errorf("%q: message %q, stack %q; want %q", tail, got, stack, want)
		}
	}
}

func TestReason(t *testing.T) {
	for _, c := range []struct {
		exit processExit
		want string
	}{
		{processExit{readErr: io.EOF}, "the exit status is not known"},
		{processExit{readErr: io.EOF, channelClosed: true}, "the worker closed its channel to the pool"},
		{processExit{readErr: io.EOF, tail: channelLost + " bad file descriptor\n"}, "the worker closed its channel to the pool"},
		{processExit{readErr: errUnexpectedFrame}, "invalid data on the worker's channel: unexpected frame"},
	} {
		if got, _ := c.exit.reason(0); got != c.want {
			t.Errorf("%q; want %q", got, c.want)
		}
	}
	for message, want := range map[string]string{
		"fatal error: runtime: out of memory":     "out of memory (Options.MemoryLimit is 64 MiB)",
		"runtime/cgo: pthread_create failed: x":   "out of memory (Options.MemoryLimit is 64 MiB)",
		"fatal error: stack overflow":             "stack overflow",
		"fatal error: concurrent map writes":      "concurrent map writes",
		"panic: oh":                               "panic in a goroutine that the function started: oh",
		"SIGSEGV: segmentation violation":         "segmentation violation: SIGSEGV: segmentation violation",
		"unexpected fault address 0x1":            "segmentation violation: unexpected fault address 0x1",
		"fatal error: all goroutines are asleep!": "all goroutines are asleep!",
	} {
		if got := explain(message, message, 64<<20); got != want {
			t.Errorf("%q: %q; want %q", message, got, want)
		}
	}
	if got := explain("fatal error: runtime: cannot allocate memory", "", 0); got != "out of memory" {
		t.Errorf("without a limit: %q", got)
	}
}

// TestReasonOfAnAbort: with GOTRACEBACK=crash the runtime sends SIGABRT after the trace.
func TestReasonOfAnAbort(t *testing.T) {
	cmd := exec.Command("sh", "-c", "ulimit -c 0; kill -ABRT $$")
	cmd.Run()
	for tail, want := range map[string]string{
		"fatal error: runtime: out of memory\n\ngoroutine 1 [running]:\n": "out of memory (Options.MemoryLimit is 64 MiB)",
		"panic: oh\n\ngoroutine 7 [running]:\n":                           "panic in a goroutine that the function started: oh",
		"assertion failed\n":                                              "killed by signal 6 (aborted)",
	} {
		e := processExit{readErr: io.EOF, state: cmd.ProcessState, tail: tail}
		if got, _ := e.reason(64 << 20); got != want {
			t.Errorf("%q: %q; want %q", tail, got, want)
		}
	}
}

// TestIsRuntimeNilFault: a segmentation violation means out of memory only if a limit is set and
// the Go runtime used a nil pointer.
func TestIsRuntimeNilFault(t *testing.T) {
	const (
		header   = "SIGSEGV: segmentation violation\nPC=0x4360fd m=0 sigcode=%s addr=%s\n%s\n"
		idle     = "goroutine 0 gp=0xa10280 m=0 mp=0xa11680 [idle]:\n"
		runtimes = idle + "runtime.(*spanQueue).tryDrain(0x5, 0x4, 0x9)\n\t/go/src/runtime/mgcmark.go:520 +0x5d\n"
		users    = "\ngoroutine 7 [running]:\nmain.work(0x1)\n"
	)
	signal := func(code, addr, cgo, trace string) string {
		return fmt.Sprintf(header, code, addr, cgo) + trace + users
	}
	for name, c := range map[string]struct {
		stack string
		want  bool
	}{
		"the collector":       {signal("1", "0x0", "", runtimes), true},
		"a field of nil":      {signal("1", "0x18", "", runtimes), true},
		"a stray pointer":     {signal("1", "0xc000123000", "", runtimes), false},
		"sent by a process":   {signal("0", "0x3e800001234", "", runtimes), false},
		"not permitted":       {signal("2", "0x0", "", runtimes), false},
		"C code":              {signal("1", "0x0", inCgo+"\n", runtimes), false},
		"C code, no trace":    {signal("1", "0x0", "", idle), false},
		"assembly of a user":  {signal("1", "0x0", "", idle+"main.sum(0x1)\n"), false},
		"a package runtime/x": {signal("1", "0x0", "", idle+"runtime/x.work(0x1)\n"), false},
		"no goroutine":        {"SIGSEGV: segmentation violation\nPC=0x1 m=0 sigcode=1 addr=0x0\n", false},
		"on a goroutine": {inRuntime + "\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x41]\n\n" +
			"goroutine 34 gp=0xc0 m=4 mp=0xc0 [running]:\nruntime.throw({0x4, 0x2a})\n", true},
		"a stray pointer on a goroutine": {inRuntime + "\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x7f0000000008 pc=0x41]\n\n" + runtimes, false},
	} {
		message, _, _ := strings.Cut(c.stack, "\n")
		for limit, want := range map[int64]bool{64 << 20: c.want, 0: false} {
			if got := strings.HasPrefix(explain(message, c.stack, limit), outOfMemory); got != want {
				t.Errorf("%s, limit %d: out of memory: %v; want %v", name, limit, got, want)
			}
		}
	}
}
