package semantics_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Programs of a module of their own, with a dependency that blocks: the report names the
// program's line, though the dependency's are above it, sixty deep.

// driver is the dependency, in the form of a proxy of modules.
var driver = map[string]string{
	"go.mod": "module example.org/driver\n\ngo 1.26\n",
	"wait/wait.go": `package wait

import "time"

func Deep(depth int, done func() bool) {
	if depth > 0 {
		Deep(depth-1, done)
		return
	}
	for !done() {
		time.Sleep(10 * time.Millisecond) // inside
	}
}

// Until is short enough for the compiler to put it into its caller.
func Until(done func() bool) func() { return func() { Deep(0, done) } }
`,
}

// shop is the program. It prints the first report that has a line.
var shop = map[string]string{
	"go.mod": "module example.com/shop\n\ngo 1.26.0\n\nrequire (\n\texample.org/driver v1.2.3\n\tgithub.com/asyncio-go/asyncio v0.0.0\n\tgolang.org/x/sys v0.0.0\n)\n",
	"store/store.go": `package store

import "example.org/driver/wait"

func Deep(done func() bool) { wait.Deep(60, done) } // deep

func Inlined(done func() bool) {
	until := wait.Until(done)
	until() // inlined
}
`,
	"main.go": `package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path"
	"sync/atomic"
	"time"

	"example.com/shop/store"
	"github.com/asyncio-go/asyncio"
)

func main() {
	alone()
	for i, block := range []func(done func() bool){store.Deep, store.Inlined} {
		for _, beside := range []int{0, 1000} {
			see(block, beside)
		}
		fmt.Println(i)
	}
}

// alone receives what a task of the same loop is to send.
func alone() {
	ch := make(chan int)
	seen := false
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Send(ctx, ch, 1) })
		<-ch
		return nil
	}, asyncio.WithStallThreshold(40*time.Millisecond), asyncio.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
		asyncio.WithStallHandler(func(s asyncio.Stall) {
			if s.Line > 0 && !seen {
				seen = true
				fmt.Println(s.Blame)
				close(ch)
			}
		}))
}

func see(block func(done func() bool), beside int) {
	var seen atomic.Bool
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			others, cancel := context.WithCancel(ctx)
			for range beside {
				asyncio.Go(others, func(ctx context.Context) error { asyncio.Sleep(ctx, time.Hour); return nil })
			}
			asyncio.Sleep(ctx, 0)
			block(seen.Load)
			cancel()
			return nil
		})
	}, asyncio.WithStallThreshold(40*time.Millisecond), asyncio.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
		asyncio.WithStallHandler(func(s asyncio.Stall) {
			if s.Line > 0 && s.Class == asyncio.StallSleep && !seen.Swap(true) {
				fmt.Printf("%s:%d in %s calls %s inside %s\n", path.Base(s.File), s.Line, s.Func, s.Call, s.Inside)
			}
		}))
}
`,
	"main_test.go": "package main\n\nimport \"testing\"\n\nfunc TestMain(*testing.M) { main() }\n",
}

func TestStall_InADependencyTheProgramsLineIsNamed(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, text []byte) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range driver {
		w, err := z.Create("example.org/driver@v1.2.3/" + name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	write("proxy/example.org/driver/@v/v1.2.3.zip", packed.Bytes())
	write("proxy/example.org/driver/@v/v1.2.3.mod", []byte(driver["go.mod"]))
	write("proxy/example.org/driver/@v/v1.2.3.info", []byte(`{"Version":"v1.2.3"}`))
	for name, text := range shop {
		write("shop/"+name, []byte(text))
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = filepath.Join(dir, "shop")
		cmd.Env = append(cmd.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod -buildvcs=false -modcacherw", "GONOSUMDB=*",
			"GOPROXY=file:///"+strings.TrimPrefix(filepath.ToSlash(filepath.Join(dir, "proxy")), "/"), "GOMODCACHE="+filepath.Join(dir, "cache"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/sys")
	sys, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	run("go", "mod", "edit", "-replace=github.com/asyncio-go/asyncio="+root, "-replace=golang.org/x/sys="+strings.TrimSpace(string(sys)))
	line := func(name, text, comment string) int {
		before, _, _ := strings.Cut(text, comment)
		return 1 + strings.Count(before, "\n")
	}
	want := "only a task of this loop is left that could end this wait, and none can run: unless a timer ends it, it never ends\n"
	for i, name := range []string{"Deep", "Inlined"} {
		at := line("store.go", shop["store/store.go"], "// "+strings.ToLower(name)+"\n")
		call := []string{"example.org/driver/wait.Deep", "example.org/driver/wait.Until"}[i]
		report := fmt.Sprintf("store.go:%d in example.com/shop/store.%s calls %s inside example.org/driver/wait, wait.go:%d\n",
			at, name, call, line("wait.go", driver["wait/wait.go"], "// inside\n"))
		want += report + report + fmt.Sprintln(i)
	}
	exe := filepath.Join(dir, "shop.exe")
	for _, build := range []struct {
		name     string
		commands [][]string
	}{
		{"a file", [][]string{{"go", "build", "-o", exe, "main.go"}}}, // writes go.sum, which go mod vendor only reads
		{"a test", [][]string{{"go", "test", "-c", "-o", exe, "."}}},
		{"vendored", [][]string{{"go", "mod", "vendor"}, {"go", "build", "-mod=vendor", "-o", exe, "."}}},
	} {
		for _, command := range build.commands {
			run(command...)
		}
		if got := run(exe); got != want {
			t.Errorf("%s: the reports are\n%s\nwant\n%s", build.name, got, want)
		}
	}
}
