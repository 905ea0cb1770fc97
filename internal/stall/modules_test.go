package stall

import (
	"runtime/debug"
	"strings"
	"testing"
)

// buildInfos are those of programs of module example.com/shop that use a module of the
// workspace or of a folder, one from a proxy, and one that another replaces, as go version -m
// prints them for each way to build.
var buildInfos = map[string]string{
	"go build": "path\texample.com/shop/cmd/x\nmod\texample.com/shop\t(devel)\t\n" +
		"dep\texample.com/tools\tv0.0.0\t\n=>\t../tools\t(devel)\t\n" + dependencies,
	"go build of a tag": "path\texample.com/shop/cmd/x\nmod\texample.com/shop\tv1.0.0\t\n" +
		"dep\texample.com/tools\tv0.0.0\t\n=>\t../tools\t(devel)\t\n" + dependencies,
	"go run with a file": "path\tcommand-line-arguments\n" +
		"dep\texample.com/shop\t(devel)\t\ndep\texample.com/tools\tv0.0.0\t\n=>\t../tools\t(devel)\t\n" + dependencies,
	"a workspace": "path\texample.com/shop/cmd/x\nmod\texample.com/shop\t(devel)\t\n" +
		"dep\texample.com/tools\t(devel)\t\n" + dependencies,
	"a folder without a version": "path\texample.com/shop/cmd/x\nmod\texample.com/shop\t(devel)\t\n" +
		"dep\texample.com/tools\tv1.2.3\t\n=>\t/home/tools\t\t\n" + dependencies,
}

const dependencies = "dep\texample.com/shop/client\tv1.5.0\th1:x=\n" + // of the same organisation, and published
	"dep\tgithub.com/Azure/Go\tv1.2.0\th1:x=\n" +
	"dep\tgopkg.in/yaml.v3\tv3.0.1\th1:x=\n" +
	"dep\tgolang.org/x/crypto\tv0.40.0\th1:x=\n" +
	"dep\torigin.org/db\tv1.0.0\t\n=>\tgithub.com/me/db\tv1.0.1\th1:x=\n"

// with has built be another program's for a test.
func with(t *testing.T, info string) {
	t.Helper()
	b, err := debug.ParseBuildInfo("go\tgo1.26\n" + info)
	if err != nil {
		t.Fatal(err)
	}
	old := built
	t.Cleanup(func() { built = old })
	built = modulesOf(b)
}

func TestWhichLinesAreTheProgramsByItsBuildInfo(t *testing.T) {
	for name, info := range buildInfos {
		with(t, info)
		for _, f := range []struct {
			name, file string
			program    bool
		}{
			{"main.main", "/home/shop/cmd/x/main.go", true},
			{"main.main", "./main.go", true}, // go run -trimpath with a file
			{"example.com/shop.Serve", "/home/shop/serve.go", true},
			{"example.com/shop/store.(*DB).Get", "example.com/shop/store/db.go", true},
			{"example.com/shop_test.TestServe", "/home/shop/serve_test.go", true},
			{"example.com/tools/wrap.Call", "/home/tools/wrap/call.go", true},
			{"example.com/shop/client.(*Conn).Do", "/mod/example.com/shop/client@v1.5.0/conn.go", false},
			{"example.com/shop/clients.Do", "/home/shop/clients/do.go", true},
			{"github.com/Azure/Go/storage.Put", "/mod/github.com/!azure/!go@v1.2.0/storage/put.go", false},
			{"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3@v3.0.1/yaml.go", false},
			{"golang.org/x/crypto/bcrypt.bcrypt", "/mod/golang.org/x/crypto@v0.40.0/bcrypt/bcrypt.go", false},
			{"origin.org/db.(*DB).Exec", "/mod/github.com/me/db@v1.0.1/db.go", false},
			{"time.Sleep", sources + "runtime/time.go", false},
			{"github.com/asyncio-go/asyncio.Sleep", "/mod/github.com/asyncio-go/asyncio@v1.0.0/sleep.go", false},
			// what the compiler put into a function of the program
			{"main.load.Retry.func1", "/mod/github.com/!azure/!go@v1.2.0/retry/retry.go", false},
			{"main.load.Retry.func1", "github.com/!azure/!go@v1.2.0/retry/retry.go", false},
			{"main.load.Retry.func1", "/home/shop/vendor/github.com/Azure/Go/retry/retry.go", false},
			{"main.load.Exec.func1", "/mod/github.com/me/db@v1.0.1/db.go", false},
			{"main.load.func1", "/home/vendor/shop/main.go", true},
			{"main.load.func1", "/home/shop@v2/main.go", true},
		} {
			if got := (Frame{Func: f.name, File: f.file, Line: 1}).Program(); got != f.program {
				t.Errorf("%s: %s of %s is the program's: %v, want %v", name, f.name, f.file, got, f.program)
			}
		}
	}
}

// Without build info each module counts as the program's.
func TestWithoutBuildInfoEachModuleIsTheProgram(t *testing.T) {
	with(t, "")
	for name, want := range map[string]bool{"main.f": true, "gopkg.in/yaml%2ev3.f": true, "golang.org/x/crypto/bcrypt.f": false, "time.Sleep": false} {
		if got := (Frame{Func: name, File: "x.go"}).Program(); got != want {
			t.Errorf("%s is the program's: %v, want %v", name, got, want)
		}
	}
}

// The main module may be one of golang.org/x.
func TestTheMainModuleOfTheProject(t *testing.T) {
	with(t, "path\tgolang.org/x/build/cmd/coordinator\nmod\tgolang.org/x/build\t(devel)\t\ndep\tgolang.org/x/net\tv0.40.0\th1:x=\n")
	for name, want := range map[string]bool{"golang.org/x/build/dashboard.f": true, "golang.org/x/net/html.Parse": false} {
		if got := (Frame{Func: name, File: "x.go"}).Program(); got != want {
			t.Errorf("%s is the program's: %v, want %v", name, got, want)
		}
	}
}

// What a stack says of a dependency: the program's line, what it calls, and the line inside.
func TestTheInnermostLineOfTheProgram(t *testing.T) {
	with(t, buildInfos["go build"])
	const sleep = "runtime.gopark < time.Sleep < "
	for _, c := range []struct{ name, stack, fn, call, inside string }{
		{"a dependency", "origin.org/db.(*DB).Exec < main.book < main.main", "main.book", "origin.org/db.(*DB).Exec", "origin.org/db, db.(*DB).Exec.go:12"},
		{"a driver below the standard library", sleep + "origin.org/db.busy < origin.org/db.(*conn).Exec < database/sql.(*DB).ExecContext < main.book",
			"main.book", "database/sql.(*DB).ExecContext", "origin.org/db, db.busy"},
		{"a package of golang.org/x", "golang.org/x/crypto/blowfish.encryptBlock < golang.org/x/crypto/bcrypt.CompareHashAndPassword < example.com/shop/users.Login < main.main",
			"example.com/shop/users.Login", "golang.org/x/crypto/bcrypt.CompareHashAndPassword", "golang.org/x/crypto/blowfish, "},
		{"a callback of the program in a dependency", sleep + "main.row < origin.org/db.(*Rows).Each < main.book", "main.row", "time.Sleep", ""},
		{"a dependency's own task", sleep + "origin.org/db.poll < github.com/asyncio-go/asyncio.(*taskBody[...]).Run", "origin.org/db.poll", "time.Sleep", ""},
		{"deep in a dependency", "golang.org/x/crypto/a.f" + strings.Repeat(" < gopkg.in/yaml%2ev3.(*parser).node", 60) + " < gopkg.in/yaml%2ev3.Unmarshal < main.load",
			"main.load", "gopkg.in/yaml.v3.Unmarshal", "golang.org/x/crypto/a, "},
	} {
		for _, state := range []string{"", "runnable"} {
			f := Classify(printed(state + " | " + c.stack))
			if f.Func != c.fn || f.Call != c.call || !strings.Contains(f.Inside, c.inside) || (f.Inside == "") != (c.inside == "") {
				t.Errorf("%s: %s calls %s, inside %q; want %s, %s, %q", c.name, f.Func, f.Call, f.Inside, c.fn, c.call, c.inside)
			}
		}
	}
}

// A function of a dependency that the compiler put into one of the program has its own name.
func TestADependencysFunctionInOneOfTheProgram(t *testing.T) {
	with(t, buildInfos["go build"])
	trace := Trace{Frames: []Frame{
		{"time.Sleep", sources + "runtime/time.go", 1},
		{"main.load.Retry.func1", "/mod/github.com/!azure/!go@v1.2.0/retry/retry.go", 7},
		{"main.load", "/home/shop/main.go", 3},
	}}
	if f := trace.Classify(); f.Line != 3 || f.Call != "github.com/Azure/Go/retry.Retry" || f.Inside != "github.com/Azure/Go/retry, retry.go:7" {
		t.Errorf("line %d calls %s, inside %s", f.Line, f.Call, f.Inside)
	}
}

// The build info of a test binary lists no dependencies.
func TestADependencyByTheNameOfItsFile(t *testing.T) {
	for name, info := range map[string]string{"a test binary": "path\texample.com/shop.test\nmod\texample.com/shop\t(devel)\t\n", "no build info": ""} {
		with(t, info)
		for _, c := range []struct{ fn, file, pkg string }{
			{"github.com/Azure/Go/retry.Do", "/home/build/go/pkg/mod/github.com/!azure/!go@v1.2.0/retry/retry.go", "github.com/Azure/Go/retry"},
			{"github.com/Azure/Go.Do", "/home/j.doe/go/pkg/mod/github.com/!azure/!go@v1.2.0/go.go", "github.com/Azure/Go"},
			{"gopkg.in/yaml%2ev3.Unmarshal", "/mod/gopkg.in/yaml.v3@v3.0.1/yaml.go", "gopkg.in/yaml.v3"},
			{"gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3@v3.0.1/yaml.go", "gopkg.in/yaml.v3"}, // -trimpath
			{"origin.org/db/v2.Open", "/mod/origin.org/db/v2@v2.0.0-20260101000000-0123456789ab/db.go", "origin.org/db/v2"},
			{"example.com/shop.load.Do.func1", "/home/shop/vendor/github.com/Azure/Go/retry/retry.go", "github.com/Azure/Go/retry"},
			{"example.com/shop.load", "/home/shop/load.go", ""},
			{"example.com/shop.load", "/home/shop@v2/load.go", ""},
			{"example.com/shop.load", "/home/vendor/shop/load.go", ""},
			{"example.com/shop.TestLoad", "/home/shop/load_test.go", ""},
			{"example.com/tools.Wrap", "/home/tools/wrap.go", ""},
		} {
			f := Frame{Func: c.fn, File: c.file, Line: 1}
			pkg, _ := built.ofFile(c.file)
			if pkg != c.pkg || f.Program() != (c.pkg == "") {
				t.Errorf("%s: %s of %s is of dependency %q and the program's: %v; want %q", name, c.fn, c.file, pkg, f.Program(), c.pkg)
			}
		}
	}
}

// A function of this library that the compiler put into one of the program is no user's.
func TestAFunctionOfThisLibraryInOneOfTheProgram(t *testing.T) {
	defer func(old string) { commandPath = old }(commandPath)
	commandPath = module + "/internal/stall/soak"
	for _, c := range []struct {
		name, file string
		user       bool
	}{
		{"main.main.WithErrorHandler.func1.1", folder + "options.go", false},
		{"main.serve.ServeProtocol.func1", folder + "aionet/serveprotocol.go", false},
		{"main.main.func1", folder + "examples/chat/main.go", true},
		{"main.main.func1", "/home/shop/options.go", true},
		{"main.main.func1", folder + "internal/stall/soak/main.go", true},
	} {
		if got := (Frame{Func: c.name, File: c.file, Line: 1}).User(); got != c.user {
			t.Errorf("%s of %s is a user's: %v, want %v", c.name, c.file, got, c.user)
		}
	}
}
