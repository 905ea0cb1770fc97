package stall

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// rows are stacks as a profile of goroutines, or the runtime's own trace, shows them: "state | leaf < ... < root".
var rows = []struct {
	name  string
	stack string
	class Class
	call  string
	where string // the function of the user's line
}{
	{"a loop", "| runtime.asyncPreempt2 < runtime.asyncPreempt < main.sum < main.work", CPU, "", "main.sum"},
	{"a flag that is asked again and again", "| sync/atomic.(*Bool).Load < main.spin", CPU, "", "main.spin"},
	{"a loop that allocates", "| runtime.goschedguarded < runtime.mallocgc < runtime.makeslice < main.grow", CPU, "", "main.grow"},
	{"a bare line", "| main.sum < main.work", CPU, "", "main.sum"},
	{"a loop, printed", "runnable | main.sum < main.work", CPU, "", "main.sum"},
	{"Gosched", "| runtime.mcall < runtime.Gosched < main.spin", CPU, "", "main.spin"},
	{"a library's loop", "| crypto/internal/fips140/sha256.blockSHANI < crypto/sha256.Sum256 < main.hash", CPU, "crypto/sha256.Sum256", "main.hash"},
	{"a comparison within a sort", "| main.less.func1 < sort.insertionSort_func < sort.Slice < main.order", CPU, "", "main.less.func1"},
	{"time.Sleep", "| runtime.gopark < time.Sleep < main.nap", Sleep, "time.Sleep", "main.nap"},
	{"time.Sleep, printed", "sleep | time.Sleep < main.nap", Sleep, "time.Sleep", "main.nap"},
	{"Mutex", "| runtime.gopark < runtime.goparkunlock < runtime.semacquire1 < internal/sync.runtime_SemacquireMutex < internal/sync.(*Mutex).lockSlow < internal/sync.(*Mutex).Lock < sync.(*Mutex).Lock < main.guard", Lock, "sync.(*Mutex).Lock", "main.guard"},
	{"Mutex, printed", "sync.Mutex.Lock | internal/sync.runtime_SemacquireMutex < internal/sync.(*Mutex).lockSlow < sync.(*Mutex).Lock < main.guard", Lock, "sync.(*Mutex).Lock", "main.guard"},
	{"RWMutex for reading", "| runtime.gopark < runtime.semacquire1 < sync.runtime_SemacquireRWMutexR < sync.(*RWMutex).RLock < main.guard", Lock, "sync.(*RWMutex).RLock", "main.guard"},
	{"RWMutex for writing", "| runtime.gopark < runtime.semacquire1 < sync.runtime_SemacquireRWMutex < sync.(*RWMutex).Lock < main.guard", Lock, "sync.(*RWMutex).Lock", "main.guard"},
	{"WaitGroup", "| runtime.gopark < runtime.semacquire1 < sync.runtime_SemacquireWaitGroup < sync.(*WaitGroup).Wait < main.join", Lock, "sync.(*WaitGroup).Wait", "main.join"},
	{"Cond", "| runtime.gopark < runtime.goparkunlock < sync.runtime_notifyListWait < sync.(*Cond).Wait < main.await", Lock, "sync.(*Cond).Wait", "main.await"},
	{"Once", "| runtime.gopark < runtime.semacquire1 < internal/sync.runtime_SemacquireMutex < internal/sync.(*Mutex).Lock < sync.(*Mutex).Lock < sync.(*Once).doSlow < sync.(*Once).Do < main.load", Lock, "sync.(*Once).Do", "main.load"},
	{"receive", "| runtime.gopark < runtime.chanrecv < runtime.chanrecv1 < main.take", Channel, "", "main.take"},
	{"receive, printed", "chan receive | main.take", Channel, "", "main.take"},
	{"receive from nil, printed", "chan receive (nil chan) | main.take", Channel, "", "main.take"},
	{"send", "| runtime.gopark < runtime.chansend < runtime.chansend1 < main.give", Channel, "", "main.give"},
	{"select", "| runtime.gopark < runtime.selectgo < main.choose", Channel, "", "main.choose"},
	{"select without cases, printed", "select (no cases) | main.choose", Channel, "", "main.choose"},
	{"a connection", "| runtime.gopark < runtime.netpollblock < internal/poll.runtime_pollWait < internal/poll.(*pollDesc).wait < internal/poll.(*FD).Read < net.(*netFD).Read < net.(*conn).Read < main.serve", IO, "net.(*conn).Read", "main.serve"},
	{"a pipe, printed", "IO wait | internal/poll.runtime_pollWait < internal/poll.(*FD).Read < os.(*File).Read < main.drain", IO, "os.(*File).Read", "main.drain"},
	{"a name", "| runtime.gopark < runtime.selectgo < net.(*Resolver).lookupIPAddr < net.(*Resolver).LookupHost < net.LookupHost < main.resolve", IO, "net.LookupHost", "main.resolve"},
	{"a request", "| runtime.gopark < runtime.selectgo < net/http.(*persistConn).roundTrip < net/http.(*Client).Do < net/http.Get < main.fetch", IO, "net/http.Get", "main.fetch"},
	{"a decoder of a pipe in memory", "| runtime.gopark < runtime.selectgo < io.(*pipe).read < io.(*PipeReader).Read < encoding/json.(*Decoder).refill < encoding/json.(*Decoder).Decode < main.load", IO, "encoding/json.(*Decoder).Decode", "main.load"},
	{"an answer of HTTP/2", "| runtime.gopark < runtime.goparkunlock < sync.runtime_notifyListWait < sync.(*Cond).Wait < net/http.(*http2pipe).Read < net/http.http2transportResponseBody.Read < io.ReadAll < main.fetch", IO, "io.ReadAll", "main.fetch"},
	{"a command whose output is copied", "| runtime.gopark < runtime.chanrecv < runtime.chanrecv1 < os/exec.(*Cmd).awaitGoroutines < os/exec.(*Cmd).Wait < main.run", Syscall, "os/exec.(*Cmd).Wait", "main.run"},
	{"a logger's lock", "| runtime.gopark < runtime.semacquire1 < internal/sync.(*Mutex).lockSlow < sync.(*Mutex).Lock < log.(*Logger).output < log.(*Logger).Print < main.tell", Lock, "log.(*Logger).Print", "main.tell"},
	{"a select by reflection", "| runtime.gopark < runtime.selectgo < reflect.rselect < reflect.Select < main.choose", Channel, "reflect.Select", "main.choose"},
	{"a sleep deferred in a loop", "| runtime.gopark < time.Sleep < runtime.deferreturn < main.end", Sleep, "time.Sleep", "main.end"},
	{"a lock deferred, in a panic", "| runtime.gopark < internal/sync.(*Mutex).lockSlow < sync.(*Mutex).Lock < runtime.gopanic < runtime.goPanicIndex < main.end", Lock, "sync.(*Mutex).Lock", "main.end"},
	{"a sleep by reflection", "| runtime.gopark < time.Sleep < runtime.call16 < reflect.Value.call < reflect.Value.Call < main.reflect", Sleep, "reflect.Value.Call", "main.reflect"},
	{"a map's growth", "| internal/runtime/maps.(*table).grow < runtime.mapassign_fast64 < main.fill", CPU, "", "main.fill"},
	{"an allocation that waits for a collection to begin, printed", "semacquire | main.grow", GC, "", "main.grow"},
	{"read(2)", "| internal/runtime/syscall/linux.Syscall6 < syscall.RawSyscall6 < syscall.Syscall < syscall.read < syscall.Read < main.read", Syscall, "syscall.Read", "main.read"},
	{"fsync", "| syscall.Syscall < syscall.Fsync < internal/poll.(*FD).Fsync < os.(*File).Sync < main.save", Syscall, "os.(*File).Sync", "main.save"},
	{"fsync, printed", "syscall | syscall.Syscall < syscall.Fsync < os.(*File).Sync < main.save", Syscall, "os.(*File).Sync", "main.save"},
	{"a child", "| syscall.Syscall6 < os.(*Process).blockUntilWaitable < os.(*Process).wait < os/exec.(*Cmd).Wait < os/exec.(*Cmd).Run < main.run", Syscall, "os/exec.(*Cmd).Run", "main.run"},
	{"flock of x/sys", "| syscall.Syscall < golang.org/x/sys/unix.Flock < main.lock", Syscall, "golang.org/x/sys/unix.Flock", "main.lock"},
	{"cgo", "| runtime.cgocall < main._Cfunc_crunch < main.native", Cgo, "C.crunch", "main.native"},
	{"cgo, printed", "syscall | runtime.cgocall < main._Cfunc_crunch < main.native", Cgo, "C.crunch", "main.native"},
	{"assist", "| runtime.gopark < runtime.gcParkAssist < runtime.gcAssistAlloc < runtime.mallocgc < main.grow", GC, "", "main.grow"},
	{"assist in a call", "| runtime.gopark < runtime.gcParkAssist < runtime.gcAssistAlloc < runtime.mallocgc < encoding/json.(*encodeState).marshal < encoding/json.Marshal < main.show", GC, "encoding/json.Marshal", "main.show"},
	{"assist, printed", "GC assist wait | main.grow", GC, "", "main.grow"},
	{"runtime.GC", "| runtime.gopark < runtime.semacquire1 < runtime.semacquire < runtime.gcStart < runtime.GC < main.tidy", GC, "", "main.tidy"},
}

// variants are the same through what a program wraps around it.
var variants = []struct{ name, before, after, where string }{
	{"a wrapper of another module", " < example.com/tools/wrap.Call < main.work", "", ""},
	{"vendored code", " < github.com/some/driver.(*Conn).Query < main.work", "", ""},
	{"a method value", " < main.(*server).run-fm < main.work", "", ""},
	{"a generic function", " < main.each[...] < main.work", "", ""},
	{"a package without a dot in its path", " < app/internal/store.(*DB).Get < app/api.handler.func2", "", ""},
	{"deep recursion", strings.Repeat(" < main.descend", 300), "", ""},
	{"the library's own frames", " < github.com/asyncio-go/asyncio.(*taskBody[...]).Run", "", ""},
}

// printed writes "state | a < b" as the runtime does.
func printed(stack string) string {
	state, frames, _ := strings.Cut(stack, "|")
	var b strings.Builder
	if state = strings.TrimSpace(state); state != "" {
		b.WriteString("goroutine 7 [" + state + ", 2 minutes]:\n")
	}
	for f := range strings.SplitSeq(frames, " < ") {
		f = strings.TrimSpace(f)
		b.WriteString(f + "(0xc000012345, {0x1, 0x2}, ...)\n\t/src/" + f + ".go:12 +0x1f\n")
	}
	b.WriteString("created by iter.Pull[...] in goroutine 1\n\t/usr/lib/iter.go:3 +0x1\n")
	return b.String()
}

func TestEveryKindIsClassified(t *testing.T) {
	for _, r := range rows {
		f := Classify(printed(r.stack))
		if f.Class != r.class || f.Call != r.call || f.Func != r.where || f.Line != 12 {
			t.Errorf("%s: %v, call %q, in %s:%d; want %v, %q, %s:12", r.name, f.Class, f.Call, f.Func, f.Line, r.class, r.call, r.where)
		}
	}
}

func TestWhatIsAroundItChangesNothing(t *testing.T) {
	for _, r := range rows {
		for _, v := range variants {
			f := Classify(printed(r.stack + v.before))
			if f.Class != r.class || f.Call != r.call || f.Func != r.where {
				t.Errorf("%s in %s: %v, call %q, in %s; want %v, %q, %s", r.name, v.name, f.Class, f.Call, f.Func, r.class, r.call, r.where)
			}
		}
	}
}

// The header of a trace differs by the runtime's version, GOTRACEBACK and GODEBUG.
func TestHeadersOfTraces(t *testing.T) {
	for header, want := range map[string]string{
		"goroutine 7 [running]:":                                       "running",
		"goroutine 7 [chan receive, 2 minutes]:":                       "chan receive",
		"goroutine 7 [select, locked to thread]:":                      "select",
		"goroutine 7 [sleep (durable), synctest bubble 3]:":            "sleep",
		"goroutine 7 [sync.Mutex.Lock (scan)]:":                        "sync.Mutex.Lock",
		"goroutine 7 gp=0xc0000 m=nil [sleep]:":                        "sleep",                   // GOTRACEBACK=system
		"goroutine 7 gp=0xc0000 m=3 mp=0xc01 [GC assist wait]:":        "GC assist wait",          // GOTRACEBACK=system
		`goroutine 7 [sleep labels:{"asyncio.task": "a, [b]"}]:`:       "sleep",                   // Go 1.26 with GODEBUG=tracebacklabels=1
		`goroutine 7 [sleep, 2 minutes labels:{"a": "b"}]:`:            "sleep",                   // Go 1.26 with GODEBUG=tracebacklabels=1
		`goroutine 7 [sleep] {asyncio.task: "fetch [coroutine]"}:`:     "sleep",                   // Go 1.27
		`goroutine 7 [chan receive (nil chan)] {asyncio.task: fetch}:`: "chan receive (nil chan)", // Go 1.27
		"main.f()": "",
	} {
		trace := Parse(header + "\nmain.f(0x1)\n\t/src/main.go:12 +0x1f\ncreated by iter.Pull[...] in goroutine 1\n")
		if trace.State != want {
			t.Errorf("%s: state %q, want %q", header, trace.State, want)
		}
		if want != "" && (len(trace.Frames) != 1 || trace.Frames[0] != (Frame{"main.f", "/src/main.go", 12})) {
			t.Errorf("%s: frames %v", header, trace.Frames)
		}
	}
}

// The user's line is the innermost that is not of the standard library, whatever its package is called.
func TestWhoseLineItIs(t *testing.T) {
	for name, user := range map[string]bool{
		"main.f": true, "main.(*T).m-fm": true, "main.f[...]": true, "app/store.f": true, "gopkg.in/yaml%2ev3.f": true,
		"github.com/a/b.(*C[...]).d.func1": true, "github.com/asyncio-go/asyncio/examples/chat.f": true, "docs.test/x.f": true,
		"time.Sleep": false, "encoding/json.(*decodeState).array": false, "vendor/golang.org/x/net/http2.f": false,
		"golang.org/x/sys/unix.Read": false, "main._Cfunc_f": false, "internal/poll.(*FD).Read": false,
		"github.com/asyncio-go/asyncio.Sleep": false, "github.com/asyncio-go/asyncio/internal/engine.(*runner).exec": false,
		"github.com/asyncio-go/asyncio/aionet.(*Conn).Read": false,
	} {
		if got := (Frame{Func: name, File: "x.go"}).User(); got != user {
			t.Errorf("%s: user's %v, want %v", name, got, user)
		}
	}
	if !(Frame{Func: "github.com/asyncio-go/asyncio.TestX", File: "/a/x_test.go"}).User() {
		t.Error("a test of the library is a user of it")
	}
}

// What the compiler puts into the user's functions of the standard library is not the user's.
func TestWhatIsCompiledIntoTheUsersFunctionIsNotTheUsers(t *testing.T) {
	for name, want := range map[string]string{
		"main.f.OnceValue[...].2": "sync.OnceValue", "example.com/a.b.init.func7.OnceValue[...].func1": "sync.OnceValue",
		"main.f.OnceFunc.func1": "sync.OnceFunc", "main.f.g.OnceFunc.1": "sync.OnceFunc", "sync.(*Once).Do": "sync.(*Once).Do",
		"main.Load.Load.OnceValue[...].func5.func6": "sync.OnceValue", "main.each[...].OnceValues[...].func1": "sync.OnceValues",
		"main.(*cache[...]).Load.OnceFunc.func2": "sync.OnceFunc", "main.init.OnceValue[go.shape.map[string]a/b.T].func2.1": "sync.OnceValue",
		"main.f.(*Map[...]).Range.func1": "sync.(*Map).Range", "main.f.func1": "sync",
		// as Go 1.27 names them
		"sync.OnceValue[...].1": "sync.OnceValue", "sync.OnceValue[...].func1.func1": "sync.OnceValue", "sync.OnceFunc.func1.1": "sync.OnceFunc",
		"sync.(*Map).Range-fm": "sync.(*Map).Range", "sync.(*Map).Range.func1-range2": "sync.(*Map).Range",
	} {
		f := Frame{Func: name, File: sources + "sync/oncefunc.go", Line: 58}
		if f.User() {
			t.Errorf("%s is a user's", name)
		}
		trace := Trace{Frames: []Frame{{"runtime.gopark", "", 1}, {"sync.(*Mutex).Lock", "", 1}, f, {"main.f", "/home/main.go", 3}}}
		if got := trace.Classify(); got.Call != want || got.Class != Lock || got.Line != 3 {
			t.Errorf("%s: %v, call %q at line %d; want %v, %q at 3", name, got.Class, got.Call, got.Line, Lock, want)
		}
	}
	defer func(s string) { sources = s }(sources)
	sources = "/goroot/src/" // also where this test is built with -trimpath, which leaves none
	for _, file := range []string{"/home/sync/oncefunc.go", sources + "main.go", "sync/oncefunc.go", ""} {
		if pkg, ok := standardDir(file); ok {
			t.Errorf("%s is said to be of package %s", file, pkg)
		}
	}
}

func TestTheStandardLibraryIsKnown(t *testing.T) {
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatalf("go list std: %v", err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		if !standard(pkg) {
			t.Errorf("package %s is not known to be of the standard library", pkg)
		}
	}
}

// The evidence of the situations in which somebody else may be to blame.
func TestBlame(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		class Class
		e     Evidence
		want  Class
		blame string
	}{
		{"it computes", CPU, Evidence{Elapsed: 100 * ms, Credited: 100 * ms, CPU: 98 * ms, Procs: 2}, CPU, "computes"},
		{"it computes on the only processor", CPU, Evidence{Elapsed: 100 * ms, Credited: 100 * ms, CPU: 100 * ms, Procs: 1}, CPU, "computes"},
		{"others spin", CPU, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 220 * ms, Procs: 2, Rivals: 7}, StarvedGo, "7 other goroutines"},
		{"others spin on the only processor", CPU, Evidence{Elapsed: 110 * ms, Credited: 30 * ms, CPU: 110 * ms, Procs: 1, Rivals: 4}, StarvedGo, "4 other goroutines"},
		{"others spin, and it would be long alone", CPU, Evidence{Elapsed: 1000 * ms, Credited: 900 * ms, CPU: 1990 * ms, Procs: 2, Rivals: 7}, CPU, "computes"},
		{"a storm of collections", CPU, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 215 * ms, Procs: 2, Rivals: 3}, StarvedGo, ""},
		{"other processes", CPU, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 30 * ms, RunDelay: 90 * ms, Procs: 2}, StarvedOS, "other processes"},
		{"other processes, and it would be long alone", CPU, Evidence{Elapsed: 800 * ms, Credited: 700 * ms, CPU: 240 * ms, RunDelay: 600 * ms, Procs: 2}, CPU, "computes"},
		{"it was stopped", CPU, Evidence{Elapsed: 300 * ms, Credited: 30 * ms, CPU: 5 * ms, Procs: 2}, Suspended, "stood still"},
		{"it was stopped in a short sleep", Sleep, Evidence{Elapsed: 300 * ms, Credited: 30 * ms, CPU: 1 * ms, Procs: 2}, Suspended, "stood still"},
		{"it waits, and the watch itself is held up", Lock, Evidence{Elapsed: 300 * ms, Credited: 110 * ms, CPU: 5 * ms, Procs: 1}, Lock, "a lock or another goroutine"},
		{"it was stopped, and seen afterwards", Unknown, Evidence{Elapsed: 300 * ms, CPU: 1 * ms, Procs: 2}, Suspended, "stood still"},
		{"it could not be seen", Unknown, Evidence{Elapsed: 300 * ms, CPU: 300 * ms, Procs: 1}, Unknown, "before its end"},
		{"it sleeps, other processes or not", Sleep, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, RunDelay: 90 * ms, Procs: 2}, Sleep, "sleeps"},
		{"a lock", Lock, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2}, Lock, "waits for a lock"},
		{"a channel", Channel, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2}, Channel, "never ends if only a task of this loop serves the channel"},
		{"a channel that only tasks have", Channel, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2, Alone: true}, Channel, "it never ends"},
		{"a channel that only tasks have, and the watch is held up", Channel, Evidence{Elapsed: 90 * ms, Credited: 31 * ms, CPU: 9 * ms, Procs: 2, Alone: true}, Channel, "it never ends"},
		{"a lock that only tasks have", Lock, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2, Alone: true}, Lock, "it never ends"},
		{"a sleep beside nobody", Sleep, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2, Alone: true}, Sleep, "sleeps"},
		{"a lock for long", Lock, Evidence{Elapsed: 810 * ms, Credited: 800 * ms, Procs: 2}, Lock, "probable deadlock"},
		{"C that computes", Cgo, Evidence{Elapsed: 100 * ms, Credited: 100 * ms, CPU: 98 * ms, Procs: 2}, Cgo, "computes"},
		{"C that waits", Cgo, Evidence{Elapsed: 100 * ms, Credited: 100 * ms, CPU: 1 * ms, Procs: 2}, Cgo, "waits"},
		{"other processes, and the threads stand in line still", CPU, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 2 * ms, RunDelay: 1 * ms, Procs: 2}, StarvedOS, "the process got 2%"},
		{"other processes, and nobody tells of lines", CPU, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 40 * ms, Procs: 2}, StarvedOS, "the process got"},
		{"other processes, and others spin", CPU, Evidence{Elapsed: 300 * ms, Credited: 250 * ms, CPU: 150 * ms, RunDelay: 400 * ms, Procs: 2, Rivals: 7}, StarvedOS, "other processes"},
		{"it was stopped, and computed for long", CPU, Evidence{Elapsed: 1500 * ms, Credited: 500 * ms, CPU: 350 * ms, Procs: 2}, CPU, "computes"},
		{"other processes, and it was seen afterwards", Unknown, Evidence{Elapsed: 110 * ms, CPU: 45 * ms, Procs: 1}, StarvedOS, "the process got"},
		{"others spin, and it was seen afterwards", Unknown, Evidence{Elapsed: 110 * ms, CPU: 110 * ms, Procs: 1, Rivals: 8}, StarvedGo, "8 other goroutines"},
		{"it waited, and was seen afterwards", Unknown, Evidence{Elapsed: 105 * ms, Credited: 100 * ms, CPU: 2 * ms, RunDelay: 5 * ms, Procs: 2}, Unknown, "it waited"},
		{"it stood in line, and was seen afterwards", Unknown, Evidence{Elapsed: 105 * ms, Credited: 100 * ms, CPU: 2 * ms, RunDelay: 60 * ms, Procs: 2}, StarvedOS, "were queued"},
		{"it stood in line beside one that computes, and was seen afterwards", Unknown, Evidence{Elapsed: 116 * ms, CPU: 116 * ms, RunDelay: 231 * ms, Procs: 2}, StarvedOS, "were queued"},
		{"nobody tells what the process used", CPU, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, Procs: 2}, CPU, "computes"},
	} {
		c.e.DelayKnown = true
		got, blame := Weigh(Finding{Class: c.class}, c.e, 100*ms)
		if got != c.want || !strings.Contains(blame, c.blame) {
			t.Errorf("%s: %v, %q; want %v, ... %s ...", c.name, got, blame, c.want, c.blame)
		}
	}
}

// A task that was seen computing is named beside other processes and goroutines, too.
func TestWhatComputesIsNamedInAnyCase(t *testing.T) {
	const ms = time.Millisecond
	own := Finding{Class: CPU, Frame: Frame{"main.total", "/src/shop/main.go", 12}}
	call := own
	call.Call = "golang.org/x/crypto/bcrypt.GenerateFromPassword"
	for _, c := range []struct {
		name  string
		f     Finding
		e     Evidence
		want  Class
		blame string
	}{
		{"other processes", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 44 * ms, RunDelay: 60 * ms, Procs: 2}, StarvedOS, "the task computes at main.go:12; it got 40% of a processor because other processes have"},
		{"half a threshold beside other processes", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 55 * ms, RunDelay: 60 * ms, Procs: 2}, CPU, "the task computes; it got 50% of a processor because other processes"},
		{"half a threshold, and no line is known yet", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 60 * ms, RunDelay: 5 * ms, Procs: 2}, CPU, "it got 55%"},
		{"half a threshold that a worker may have used", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 90 * ms, RunDelay: 60 * ms, Procs: 2, Crowd: 1}, StarvedOS, "it got 41%"},
		{"a call beside other processes", call, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 30 * ms, RunDelay: 60 * ms, Procs: 2}, StarvedOS, "computes in golang.org/x/crypto/bcrypt.GenerateFromPassword at main.go:12"},
		{"goroutines of the program", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 108 * ms, Procs: 1, Rivals: 15, Most: "main.resize, pool.go:19"}, StarvedGo, "at main.go:12; it got 6% of a processor because 15 other goroutines of this program want 1 processor; most CPU: main.resize, pool.go:19"},
		{"many goroutines beside one other process", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 110 * ms, RunDelay: 150 * ms, Procs: 2, Rivals: 1220}, StarvedGo, "1220 other goroutines of this program want 2 processors"},
		{"one goroutine beside many other processes", own, Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 11 * ms, RunDelay: 150 * ms, Procs: 1, Rivals: 1}, StarvedOS, "other processes"},
		{"a quota", own, Evidence{Elapsed: 110 * ms, Credited: 30 * ms, CPU: 20 * ms, Throttled: 80 * ms, Procs: 2}, StarvedOS, "because the CPU quota of the control group held the process for 80ms"},
		{"a quota beside other processes", own, Evidence{Elapsed: 110 * ms, Credited: 90 * ms, CPU: 20 * ms, RunDelay: 80 * ms, Throttled: 60 * ms, Procs: 2}, StarvedOS, "the CPU quota"},
		{"the hypervisor", own, Evidence{Elapsed: 110 * ms, Credited: 90 * ms, CPU: 20 * ms, RunDelay: 80 * ms, Stolen: 60 * ms, Procs: 2}, StarvedOS, "the hypervisor kept"},
		{"the collector", own, Evidence{Elapsed: 110 * ms, Credited: 90 * ms, CPU: 200 * ms, GC: 150 * ms, Procs: 2, Rivals: 5}, GC, "because the garbage collector used 150ms"},
		{"the collector beside other processes", own, Evidence{Elapsed: 110 * ms, Credited: 90 * ms, CPU: 60 * ms, GC: 50 * ms, RunDelay: 200 * ms, Procs: 2, Rivals: 2, Crowd: 2}, GC, "the garbage collector used 50ms"},
		{"a collection that began long before", own, Evidence{Elapsed: 110 * ms, Credited: 90 * ms, CPU: 20 * ms, GC: 150 * ms, RunDelay: 200 * ms, Procs: 2}, StarvedOS, "other processes"},
		{"it was stopped as well", own, Evidence{Elapsed: 500 * ms, Credited: 190 * ms, CPU: 180 * ms, Stopped: 300 * ms, Procs: 2}, CPU, "the process stood still for 300ms of the time"},
	} {
		c.e.DelayKnown = true
		got, blame := Weigh(c.f, c.e, 100*ms)
		if got != c.want || !strings.Contains(blame, c.blame) {
			t.Errorf("%s: %v, %q; want %v, ... %s ...", c.name, got, blame, c.want, c.blame)
		}
	}
}

// Pages that the task touched are a wait for the disk only if they explain the time and are its own.
func TestBlameForPageFaults(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		e    Evidence
		want Class
	}{
		{"a cold file", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 20 * ms, MajorFaults: 300, Procs: 2}, IO},
		{"a slow disk", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 2 * ms, MajorFaults: 12, Procs: 2}, IO},
		{"a cold file for long", Evidence{Elapsed: 4500 * ms, Credited: 4400 * ms, CPU: 1300 * ms, MajorFaults: 12000, Procs: 2}, IO},
		{"a cold file beside other processes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 20 * ms, RunDelay: 130 * ms, MajorFaults: 300, Procs: 2}, IO},
		{"some pages beside other processes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 20 * ms, RunDelay: 130 * ms, MajorFaults: 30, Procs: 2}, StarvedOS},
		{"a cold file that a worker reads, beside other processes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 20 * ms, RunDelay: 130 * ms, MajorFaults: 300, Crowd: 0.9, Procs: 2}, StarvedOS},
		{"a computation that reads a little", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 100 * ms, MajorFaults: 30, Procs: 2}, CPU},
		{"a few pages", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 20 * ms, RunDelay: 40 * ms, MajorFaults: 5, Procs: 2}, StarvedOS},
	} {
		c.e.DelayKnown = true
		got, blame := Weigh(Finding{Class: CPU}, c.e, 100*ms)
		if got != c.want || got == IO && !strings.Contains(blame, "pages were read from disk") {
			t.Errorf("%s: %v, %q; want %v", c.name, got, blame, c.want)
		}
	}
	if advice := Advice(IO, Finding{Class: CPU}, false); !strings.Contains(advice, "mapped pages in asyncio.ToThread") {
		t.Errorf("the advice for page faults is %q", advice)
	}
}

// A stack shows a system call also while the task waits for a processor after it.
func TestBlameForASystemCall(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		e    Evidence
		want Class
	}{
		{"it waits", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 2 * ms, Procs: 2}, Syscall},
		{"it waits beside other processes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 2 * ms, RunDelay: 90 * ms, Procs: 2}, Syscall},
		{"it may be in line beside other processes", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 2 * ms, RunDelay: 90 * ms, Queued: 1, Procs: 2}, StarvedOS},
		{"the system computes for it", Evidence{Elapsed: 200 * ms, Credited: 200 * ms, CPU: 184 * ms, RunDelay: 54 * ms, Queued: 1, Procs: 2}, Syscall},
		{"it has been in it for long", Evidence{Elapsed: 410 * ms, Credited: 400 * ms, CPU: 2 * ms, RunDelay: 300 * ms, Queued: 1, Procs: 2}, Syscall},
		{"it waits beside one worker", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 110 * ms, Rivals: 1, Queued: 1, Procs: 2}, Syscall},
		{"it may wait for its turn", Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 200 * ms, Rivals: 10, Procs: 2}, StarvedGo},
		{"it would have had its turn", Evidence{Elapsed: 510 * ms, Credited: 500 * ms, CPU: 900 * ms, Rivals: 10, Procs: 2}, Syscall},
	} {
		c.e.DelayKnown = true
		if got, blame := Weigh(Finding{Class: Syscall}, c.e, 100*ms); got != c.want {
			t.Errorf("%s: %v, %q; want %v", c.name, got, blame, c.want)
		}
	}
}

// A turn that has run in part, held up by others, is to blame if the whole turn would be slow by itself.
func TestBlameForAPartOfATurn(t *testing.T) {
	const ms = time.Millisecond
	held := Evidence{Elapsed: 110 * ms, Credited: 100 * ms, CPU: 30 * ms, RunDelay: 150 * ms, Procs: 2}
	starved := held
	starved.Credited, starved.CPU = 40*ms, 10*ms
	stopped := starved
	stopped.RunDelay = 0
	for _, c := range []struct {
		e    Evidence
		part float64
		want Class
	}{
		{held, 0.05, ManySteps}, {held, 0.3, StarvedOS}, {held, 1, StarvedOS}, {starved, 0.01, ManySteps}, {stopped, 0.01, Suspended},
	} {
		c.e.DelayKnown = true
		if got, blame := WeighTurn(c.e, 100*ms, c.part); got != c.want {
			t.Errorf("%v of the turn, %+v: %v, %q; want %v", c.part, c.e, got, blame, c.want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	for _, r := range rows {
		f.Add(printed(r.stack))
	}
	f.Add("goroutine 1 [")
	f.Add("x(\n\t:1 +0x\n")
	f.Fuzz(func(t *testing.T, text string) {
		trace := Parse(text)
		found := trace.Classify()
		if found.Func != "" && !strings.Contains(text, found.Func) {
			t.Errorf("%q is not in %q", found.Func, text)
		}
		if again := Parse(trace.String()); len(again.Frames) > len(trace.Frames) {
			t.Errorf("%d frames became %d", len(trace.Frames), len(again.Frames))
		}
	})
}

// A module may be called as a package of the standard library is, with paths of its files
// or, built with -trimpath, without.
func TestAModuleThatIsCalledAsThoseOfTheStandardLibrary(t *testing.T) {
	defer func(m, s string) { mainModule, sources = m, s }(mainModule, sources)
	mainModule = "container"
	for _, built := range []struct{ sources, own string }{{"/goroot/src/", "/home/shop/"}, {"", ""}} {
		sources = built.sources
		for _, f := range []struct {
			name, file string
			user       bool
		}{
			{"main.thumb", built.own + "container/main.go", true},
			{"container/store.Save", built.own + "container/store/save.go", true},
			{"os.ReadFile", built.sources + "os/file.go", false},
			{"strings.Map", built.sources + "strings/strings.go", false},
			{"container/heap.Fix", built.sources + "container/heap/heap.go", built.sources == ""}, // not to be told apart then
			{"main.thumb.OnceFunc.1", built.sources + "sync/oncefunc.go", false},
		} {
			if got := (Frame{Func: f.name, File: f.file, Line: 1}).User(); got != f.user {
				t.Errorf("with sources in %q, %s of %s is the user's: %v, want %v", built.sources, f.name, f.file, got, f.user)
			}
		}
	}
}
