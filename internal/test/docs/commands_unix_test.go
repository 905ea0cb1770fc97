//go:build unix

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands with which README.md and the guide have the library installed are executed
// by a shell, in a module that uses it, with this checkout in the place of the clone.
func TestInstallingCommandsInDocuments(t *testing.T) {
	clone, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	shell := regexp.MustCompile("(?s)```sh\n(go (?:mod|work) .*?)```\n")
	for _, doc := range []string{"README.md", "docs/guide.md"} {
		commands := shell.FindAllStringSubmatch(readDoc(t, doc), -1)
		if len(commands) == 0 {
			t.Errorf("%s does not tell how to install", doc)
		}
		for _, c := range commands {
			dir := t.TempDir()
			writeDoc(t, dir, "go.mod", "module shop\n\ngo 1.26\n")
			writeDoc(t, dir, "main.go", `package main

import (
	"context"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

func main() {
	fmt.Println(asyncio.Run(context.Background(), func(ctx context.Context) error { return asyncio.Sleep(ctx, 0) }))
}
`)
			script := regexp.MustCompile(`/path/to/the/\w+`).ReplaceAllLiteralString(c[1], clone)
			if out, err := inShell(dir, "set -e\n"+script+"\ngo run ."); err != nil || !strings.HasSuffix(out, "<nil>\n") {
				t.Errorf("%s: %v\n%s\n%s", doc, err, script, out)
			}
		}
	}
}

// inShell runs a script as a user would, without the settings of this test's run.
func inShell(dir, script string) (string, error) {
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
