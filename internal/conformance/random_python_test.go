package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// An answer is the result of a program in CPython.
type answer struct {
	Trace   []string `json:"trace,omitempty"`
	Outside string   `json:"outside,omitempty"` // why the program is outside of the comparison
	Error   string   `json:"error,omitempty"`   // of programs/random_run.py itself
}

// A cpython is a process that runs random programs.
type cpython struct {
	t       *testing.T
	version string
	in      io.Writer
	out     *bufio.Reader
}

// startPython starts the interpreter in the environment variable PYTHON.
func startPython(t *testing.T) *cpython {
	t.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		t.Fatal("PYTHON is empty: set it to a CPython of 3.13 or later, such as python3.13")
	}
	cmd := exec.CommandContext(t.Context(), python, "programs/random_run.py")
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	py := &cpython{t: t, in: in, out: bufio.NewReader(out)}
	py.version = strings.TrimSpace(py.line())
	return py
}

func (py *cpython) line() string {
	py.t.Helper()
	text, err := py.out.ReadString('\n')
	if err != nil {
		py.t.Fatalf("reading from CPython: %v", err)
	}
	return text
}

// run runs a program in CPython.
func (py *cpython) run(p tree) answer {
	py.t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		py.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(py.in, "%s\n", text); err != nil {
		py.t.Fatalf("writing to CPython: %v", err)
	}
	var a answer
	if err := json.Unmarshal([]byte(py.line()), &a); err != nil {
		py.t.Fatal(err)
	}
	return a
}
