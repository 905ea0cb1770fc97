package stall

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each kind of finding has advice that fits the place.
func TestAdvice(t *testing.T) {
	const thread = "asyncio.ToThread(ctx, ...)"
	for _, c := range []struct {
		name     string
		class    Class
		f        Finding
		says     string
		saysNone string // of these words, each of which would be wrong
	}{
		{"the program computes", CPU, Finding{}, "Checkpoint ToThread", "call,"},
		{"the program asks the clock in a loop", CPU, Finding{Call: "time.Since"}, "Checkpoint ToThread", "that"},
		{"one long call, or many short ones", CPU, Finding{Call: "encoding/json.Marshal"}, "that call|loop around it|" + thread, "Checkpoint"},
		{"a dependency computes", CPU, Finding{Call: "golang.org/x/crypto/bcrypt.GenerateFromPassword", Inside: "golang.org/x/crypto/blowfish, cipher.go:1"}, "that call|" + thread, "Checkpoint"},
		{"a call allocates", GC, Finding{Call: "encoding/json.Marshal"}, "that call|" + thread + "|GOGC", "Checkpoint"},
		{"a dependency sleeps", Sleep, Finding{Call: "database/sql.(*DB).Exec", Inside: "modernc.org/sqlite, busy.go:82"}, "that call|" + thread, "Sleep Lock"},
		{"a dependency waits for a channel", Channel, Finding{Call: "google.golang.org/grpc.(*ClientConn).Invoke", Inside: "google.golang.org/grpc, stream.go:1"}, "that call|" + thread, "Recv Send Queue"},
		{"a dependency waits for a lock", Lock, Finding{Call: "example.org/cache.Get", Inside: "example.org/cache, get.go:1"}, "that call|" + thread, "Lock Condition"},
		{"a dependency waits for the network", IO, Finding{Call: "example.org/redis.Get", Inside: "example.org/redis, get.go:1"}, "that call|" + thread, "aionet aiohttp"},
		{"a dependency writes a file", Syscall, Finding{Call: "example.org/bolt.(*DB).Update", Inside: "example.org/bolt, sync.go:1"}, "that call|" + thread, "aioexec"},
		{"time.Sleep", Sleep, Finding{Call: "time.Sleep"}, "asyncio.Sleep(ctx, d)", "ToThread"},
		{"a package sleeps", Sleep, Finding{Call: "net/slow.Wait"}, "asyncio.Sleep(ctx, d)|that call", ""},
		{"a sleep by reflection", Sleep, Finding{Call: "reflect.Value.Call"}, "asyncio.Sleep(ctx, d)", ""},
		{"a channel", Channel, Finding{}, "asyncio.Recv(ctx, ch)|asyncio.Sleep", ""},
		{"a receive", Channel, Finding{Op: Receive}, "asyncio.Recv(ctx, ch)|asyncio.Queue|asyncio.Sleep(ctx, d)", "Send"},
		{"a send", Channel, Finding{Op: Send}, "asyncio.Send(ctx, ch, v)|asyncio.Queue", "Recv Sleep After"},
		{"a select", Channel, Finding{Op: Select}, "asyncio.Recv(ctx, ch)|asyncio.Send(ctx, ch, v)|asyncio.WithTimeout(ctx, d)|" + thread, "Sleep Queue"},
		{"a select by reflection, of an unknown stack", Channel, Finding{Call: "reflect.Select"}, "asyncio.Recv", ""},
		{"a limiter of a rate", Channel, Finding{Call: "golang.org/x/time/rate.(*Limiter).Wait"}, "that call|" + thread, "Recv"},
		{"errgroup's Wait", Lock, Finding{Call: "golang.org/x/sync/errgroup.(*Group).Wait", Inside: "golang.org/x/sync/errgroup, errgroup.go:1"}, "asyncio.WithTaskGroup", ""},
		{"errgroup's Go", Channel, Finding{Call: "golang.org/x/sync/errgroup.(*Group).Go", Inside: "golang.org/x/sync/errgroup, errgroup.go:1"}, "asyncio.NewSemaphore", "Recv"},
		{"a semaphore", Channel, Finding{Call: "golang.org/x/sync/semaphore.(*Weighted).Acquire", Inside: "golang.org/x/sync/semaphore, semaphore.go:1"}, "asyncio.NewSemaphore", "Recv"},
		{"Mutex", Lock, Finding{Call: "sync.(*Mutex).Lock"}, "asyncio.Lock|that call", ""},
		{"WaitGroup", Lock, Finding{Call: "sync.(*WaitGroup).Wait"}, "asyncio.Gather", ""},
		{"Cond", Lock, Finding{Call: "sync.(*Cond).Wait"}, "asyncio.Condition", ""},
		{"the end of a Once", Lock, Finding{Call: "sync.(*Once).Do"}, thread + "|before the loop starts", "Lock"},
		{"the end of a OnceValue", Lock, Finding{Call: "sync.OnceValue"}, thread + "|before the loop starts", "Lock"},
		{"a sleep within a Once", Sleep, Finding{Call: "time.Sleep", Once: "sync.(*Once).Do at config.go:12"}, "whole call of sync.(*Once).Do at config.go:12|" + thread, "Sleep"},
		{"a receive within a flight", Channel, Finding{Once: "golang.org/x/sync/singleflight.(*Group).Do at page.go:7"}, "singleflight|" + thread, "Recv Sleep"},
		{"a computation within a Once", CPU, Finding{Once: "sync.(*Once).Do at config.go:12"}, "whole call|" + thread, "Checkpoint"},
		{"a command", Syscall, Finding{Call: "os/exec.(*Cmd).Run"}, "aioexec|that call", ""},
		{"a file", Syscall, Finding{Call: "os.ReadFile"}, "that call", ""},
		{"a request", IO, Finding{Call: "net/http.Get"}, "aiohttp.Do|that call", ""},
		{"a connection", IO, Finding{Call: "net.(*conn).Read"}, "aionet.Dial|that call", ""},
		{"C", Cgo, Finding{Call: "C.crunch"}, "that call|procpool.Pool", ""},
	} {
		for _, callback := range []bool{false, true} {
			c.f.Class = c.class
			advice := Advice(c.class, c.f, callback)
			own := advice
			if callback {
				task := "asyncio.Go(ctx, ...)"
				if !strings.Contains(advice, task) {
					t.Errorf("%s, in a callback: %q names no task", c.name, advice)
				}
				_, own, _ = strings.Cut(advice, task)
				if !strings.Contains(own, "asyncio.Detach(ctx)") {
					t.Errorf("%s, in a callback: %q does not name Detach", c.name, advice)
				}
			} else if strings.Contains(advice, "asyncio.Go(") {
				t.Errorf("%s: %q starts a task", c.name, advice)
			}
			split := strings.Fields
			if strings.Contains(c.says, "|") {
				split = func(s string) []string { return strings.Split(s, "|") }
			} else if strings.Contains(c.says, "(") || strings.Contains(c.says, "that call") {
				split = func(s string) []string { return []string{s} }
			}
			for _, word := range split(c.says) {
				if !strings.Contains(own, word) {
					t.Errorf("%s: %q does not say %q", c.name, advice, word)
				}
			}
			for _, word := range strings.Fields(c.saysNone) {
				if strings.Contains(own, word) {
					t.Errorf("%s: %q says %q", c.name, advice, word)
				}
			}
		}
	}
}

// Every class has advice that names something of this project to call, but where there is nothing to call.
func TestEachClassHasAdvice(t *testing.T) {
	for c := range Classes {
		for _, advice := range []string{Advice(c, Finding{Class: c}, false), Advice(c, Finding{Class: c}, true)} {
			names := strings.Contains(advice, "asyncio.") || strings.Contains(advice, "aionet.")
			nothing := c == Unknown || c == GC || c == StarvedOS || c == Suspended || c == LateTimer
			if advice == "" || strings.Contains(advice, "\n") || names == nothing {
				t.Errorf("%v: %q", c, advice)
			}
		}
	}
}

// What runs within a call that others wait for is known by the frames outside of the line.
func TestWhatRunsOnceForAll(t *testing.T) {
	with(t, "path\texample.com/shop\nmod\texample.com/shop\t(devel)\t\ndep\tgolang.org/x/sync\tv0.20.0\th1:x=\n")
	const sleep = "runtime.gopark < time.Sleep < "
	for stack, want := range map[string]string{
		sleep + "main.load < sync.(*Once).doSlow < sync.(*Once).Do < main.get":                                                                                                               "sync.(*Once).Do at main.get.go:12",
		sleep + "main.load < sync.OnceValue[...].func1.1 < sync.(*Once).doSlow < sync.(*Once).Do < sync.OnceValue[...].func2 < main.get":                                                     "sync.OnceValue at main.get.go:12",
		sleep + "main.load < golang.org/x/sync/singleflight.(*Group).doCall.func2 < golang.org/x/sync/singleflight.(*Group).doCall < golang.org/x/sync/singleflight.(*Group).Do < main.page": "golang.org/x/sync/singleflight.(*Group).Do at main.page.go:12",
		sleep + "golang.org/x/sync/x.load < sync.(*Once).doSlow < sync.(*Once).Do < golang.org/x/sync/x.get < main.get":                                                                      "", // not the program's
		"runtime.gopark < sync.(*Mutex).Lock < sync.(*Once).doSlow < sync.(*Once).Do < main.get":                                                                                             "",
		sleep + "main.load < sync.(*Pool).Get < main.get":                                                                                                                                    "",
	} {
		if f := Classify(printed("|" + stack)); f.Once != want {
			t.Errorf("%s: within %q, want %q", stack, f.Once, want)
		}
	}
}

// The operation of a wait for a channel is known by the state, and by the frames of a goroutine that runs.
func TestOperations(t *testing.T) {
	for stack, want := range map[string]Op{
		"chan receive|main.f":                         Receive,
		"chan send|main.f":                            Send,
		"select|main.f":                               Select,
		"select (no cases)|main.f":                    Select,
		"|runtime.gopark < runtime.selectgo < main.f": Select,
		"|runtime.gopark < runtime.chansend < runtime.chansend1 < main.f":                                          Send,
		"|runtime.gopark < runtime.chanrecv < runtime.chanrecv2 < main.f":                                          Receive,
		"|runtime.gopark < runtime.selectgo < runtime.reflect_rselect < reflect.rselect < reflect.Select < main.f": Select,
		"sleep|main.f": "",
	} {
		if f := Classify(printed(stack)); f.Op != want {
			t.Errorf("%s: operation %q, want %q", stack, f.Op, want)
		}
	}
}

// advised are names in advice, with the arguments that it gives them.
var advised = regexp.MustCompile(`\b(asyncio|aionet|aiohttp|procpool)\.(\w+)(\([^()]*\))?`)

// What advice names exists, and can be called as the advice does.
func TestAdviceCompiles(t *testing.T) {
	var calls []string
	for c := range Classes {
		for _, f := range []Finding{
			{}, {Call: "os.ReadFile"}, {Call: "net/http.Get"}, {Call: "os/exec.(*Cmd).Run"}, {Call: "sync.(*WaitGroup).Wait"}, {Call: "sync.(*Cond).Wait"}, {Call: "sync.(*Once).Do"},
			{Call: "golang.org/x/sync/errgroup.(*Group).Go", Inside: "x"}, {Call: "example.org/x.F", Inside: "x"}, {Once: "sync.(*Once).Do"}, {Op: Receive}, {Op: Send}, {Op: Select},
		} {
			calls = append(calls, advised.FindAllString(Advice(c, f, true), -1)...)
		}
	}
	slices.Sort(calls)
	calls = slices.Compact(calls)
	if len(calls) < 15 {
		t.Errorf("the advice names %q only", calls)
	}
	const job = "func(ctx context.Context) (int, error) { return 0, ctx.Err() }"
	body := map[string]string{ // what ... stands for
		"asyncio.ToThread": job, "asyncio.Go": "func(ctx context.Context) error { return nil }",
	}
	types := []string{"asyncio.Lock", "asyncio.Condition", "asyncio.Event", "asyncio.Queue[int]", "procpool.Pool"}
	generic := []string{"asyncio.Gather"}
	var b strings.Builder
	b.WriteString("package main\n\nimport (\n\t\"context\"\n\t\"time\"\n\n\t\"github.com/asyncio-go/asyncio\"\n\t\"github.com/asyncio-go/asyncio/aionet\"\n" +
		"\t\"github.com/asyncio-go/asyncio/aionet/aiohttp\"\n\t\"github.com/asyncio-go/asyncio/procpool\"\n)\n\n" +
		"func use(...any) {}\n\nfunc advice(ctx context.Context, ch chan int, v int, d time.Duration) {\n")
	for _, call := range calls {
		m := advised.FindStringSubmatch(call)
		name := m[1] + "." + m[2]
		switch {
		case m[3] != "":
			fmt.Fprintf(&b, "\tfunc() { %s%s }()\n", name, strings.ReplaceAll(m[3], "...", body[name]))
		case slices.ContainsFunc(types, func(typ string) bool { return typ == name || strings.HasPrefix(typ, name+"[") }):
			fmt.Fprintf(&b, "\tuse(new(%s))\n", types[slices.IndexFunc(types, func(typ string) bool { return strings.HasPrefix(typ, name) })])
		case slices.Contains(generic, name):
			fmt.Fprintf(&b, "\tuse(%s[int, *asyncio.Task[int]])\n", name)
		default:
			fmt.Fprintf(&b, "\tuse(%s)\n", name)
		}
	}
	b.WriteString("}\n\nfunc main() { advice(nil, nil, 0, 0) }\n")
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "vet", file)
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\n%s", err, out, b.String())
	}
}
