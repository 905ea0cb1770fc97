//go:build linux

package procpool_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

func init() {
	afterMain["initialises"] = func() {
		o := procpool.Options{Workers: 1, Init: stuckInit, StartTimeout: time.Hour, Stdout: os.Stdout}
		program(false, o, func(ctx context.Context, pool *procpool.Pool) { square.Call(ctx, pool, 1) })
	}
	afterMain["spins"] = func() {
		program(false, one, func(ctx context.Context, pool *procpool.Pool) {
			printHeld(ctx, pool, order{IgnoreCancel: true, Child: true})
		})
	}
	afterMain["idles"] = func() { program(false, one, idleProgram) }
	afterMain["stopped"] = func() { program(false, one, stoppedProgram) }
	afterMain["interrupted"] = func() { program(true, one, interruptedProgram) }
	afterMain["replaced"] = func() { program(false, one, replacedProgram) }
	beforeMain["without Main"] = programWithoutMain
}

var one = procpool.Options{Workers: 1}

// stuckInit starts a program, prints the pids, and does not return.
func stuckInit(ctx context.Context) error {
	pids, err := startSleep(ctx, struct{}{})
	fmt.Println(pids)
	if err == nil {
		select {}
	}
	return err
}

// program is the main function of the test programs.
func program(interruptible bool, o procpool.Options, body func(ctx context.Context, pool *procpool.Pool)) {
	ctx := context.Background()
	if interruptible {
		ctx, _ = signal.NotifyContext(ctx, os.Interrupt)
	}
	pool, err := procpool.New(withLongTimeouts(o))
	if err == nil {
		err = asyncio.Run(context.Background(), func(loopCtx context.Context) error {
			body(context.WithValue(loopCtx, interruptKey{}, ctx), pool)
			return pool.Close(loopCtx)
		})
	}
	if err != nil {
		fmt.Println("error:", err)
	}
	os.Exit(0)
}

type interruptKey struct{}

// printHeld calls hold, and prints the pids when it has begun.
func printHeld(ctx context.Context, pool *procpool.Pool, o order) {
	s, err := holds.Call(ctx, pool, o, asyncio.OnProgress(func(_, _ int64, note string) { fmt.Println(note) }))
	fmt.Println(s, err)
}

var starts = asyncio.Register("procpool.test.starts", startSleep)

func startSleep(context.Context, struct{}) (string, error) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		return "", err
	}
	return fmt.Sprint(os.Getpid(), " ", cmd.Process.Pid), nil
}

// idleProgram has an idle worker, and a program that the worker started.
func idleProgram(ctx context.Context, pool *procpool.Pool) {
	pids, err := starts.Call(ctx, pool, struct{}{})
	fmt.Println(pids)
	if err == nil {
		asyncio.Recv(ctx, make(chan int))
	}
}

var startsIgnoringHangup = asyncio.Register("procpool.test.startsIgnoringHangup", func(context.Context, struct{}) (string, error) {
	cmd := exec.Command("sh", "-c", "trap '' HUP; echo; exec sleep 1000")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", err
	}
	_, err = out.Read(make([]byte, 1)) // after this line it ignores SIGHUP
	return fmt.Sprint(os.Getpid(), " ", cmd.Process.Pid), err
})

// stoppedProgram has a worker that SIGSTOP has stopped, and a program that ignores SIGHUP.
func stoppedProgram(ctx context.Context, pool *procpool.Pool) {
	pids, err := startsIgnoringHangup.Call(ctx, pool, struct{}{})
	var worker int
	if fmt.Sscan(pids, &worker); err != nil || worker <= 0 || syscall.Kill(worker, syscall.SIGSTOP) != nil {
		return
	}
	for workerState(pool, worker) != "stopped" { // the system sends SIGHUP only if all threads of the worker are stopped
		if asyncio.Sleep(ctx, time.Millisecond) != nil {
			return
		}
	}
	fmt.Println(pids)
	asyncio.Recv(ctx, make(chan int))
}

// interruptedProgram continues after an interrupt, and releases its function.
func interruptedProgram(ctx context.Context, pool *procpool.Pool) {
	path := os.Getenv(gateEnv)
	call := asyncio.Go(ctx, func(ctx context.Context) error { printHeld(ctx, pool, order{Gate: path}); return nil })
	asyncio.Recv(ctx, ctx.Value(interruptKey{}).(context.Context).Done())
	fmt.Println("interrupted")
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		f.Write([]byte{1})
		call.Await(ctx)
		f.Close()
	}
}

// replacedProgram makes its first call after it has read a line.
func replacedProgram(ctx context.Context, pool *procpool.Pool) {
	fmt.Println("ready")
	fmt.Scanln()
	fmt.Println(square.Call(ctx, pool, 7))
}

// programWithoutMain calls New before Main and after it.
func programWithoutMain() {
	_, err := procpool.New(procpool.Options{})
	fmt.Println(err, errors.Is(err, procpool.ErrNoMain))
	procpool.Main()
	_, err = procpool.New(procpool.Options{})
	fmt.Println(err)
	os.Exit(0)
}

// A running is a test program.
type running struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startProgram(t *testing.T, path, mode string, env ...string) running {
	t.Helper()
	cmd := exec.Command(path)
	cmd.Env = append(append(os.Environ(), programMode+"="+mode), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell does
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
	return running{cmd, in, bufio.NewReader(out)}
}

func (r running) line(t *testing.T) string {
	t.Helper()
	s, err := r.out.ReadString('\n')
	if err != nil {
		t.Errorf("the program ended too early: %v", err)
	}
	return strings.TrimSpace(s)
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoOrphans kills a program whose worker computes, is idle, is in Init, or is stopped. The
// worker ends, and so does the program that it started.
func TestNoOrphans(t *testing.T) {
	for _, mode := range []string{"spins", "idles", "initialises", "stopped"} {
		t.Run(mode, func(t *testing.T) {
			checkLeaks(t)
			p := startProgram(t, self(t), mode)
			var worker, child int
			if _, err := fmt.Sscan(p.line(t), &worker, &child); err != nil || !alive(worker) || !alive(child) {
				t.Errorf("worker %d, its child %d: %v", worker, child, err)
			}
			if err := p.Process.Kill(); err != nil {
				t.Error(err)
			}
			p.Wait()
			waitFor(t, "worker and child are gone", func() bool { return !alive(worker) && !alive(child) })
		})
	}
}

// TestInterrupt sends SIGINT to the foreground group, as Ctrl-C does. The program gets it, and its
// worker does not.
func TestInterrupt(t *testing.T) {
	checkLeaks(t)
	g := newGate(t)
	p := startProgram(t, self(t), "interrupted", gateEnv+"="+g.path)
	var worker int
	if _, err := fmt.Sscan(p.line(t), &worker); err != nil {
		t.Error(err)
	}
	if group, err := syscall.Getpgid(worker); group != worker || err != nil {
		t.Errorf("the worker %d is in group %d (%v), want its own pid", worker, group, err)
	}
	if err := syscall.Kill(-p.Process.Pid, syscall.SIGINT); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"interrupted", "released <nil>"} {
		if got := p.line(t); got != want {
			t.Errorf("the program printed %q; want %q", got, want)
		}
	}
	if err := p.Wait(); err != nil || alive(worker) {
		t.Errorf("the program ended with %v; the worker is alive: %v", err, alive(worker))
	}
}

// TestReplacedBinary removes or replaces the program's file before the first worker starts.
func TestReplacedBinary(t *testing.T) {
	for name, replace := range map[string]func(path string) error{
		"removed": os.Remove,
		"replaced": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("#!/bin/false\n"), 0o700))
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			path := filepath.Join(t.TempDir(), "program")
			binary, err := os.ReadFile(self(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, binary, 0o700); err != nil {
				t.Fatal(err)
			}
			p := startProgram(t, path, "replaced")
			if got := p.line(t); got != "ready" {
				t.Errorf("the program printed %q", got)
			}
			if err := replace(path); err != nil {
				t.Error(err)
			}
			fmt.Fprintln(p.in)
			if got := p.line(t); got != "49 <nil>" {
				t.Errorf("the program printed %q", got)
			}
			if err := p.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWithoutMain: New fails before Main, also in a program that is started as a worker. So a test
// binary without Main does not start itself again and again.
func TestWithoutMain(t *testing.T) {
	for _, env := range []string{"NOTHING=1", `ASYNCIO_WORKER={"Version":1}`} {
		checkLeaks(t)
		p := startProgram(t, self(t), "without Main", env)
		if got, want := p.line(t), procpool.ErrNoMain.Error()+" true"; got != want {
			t.Errorf("New printed %q; want %q", got, want)
		}
		if !strings.HasPrefix(env, "ASYNCIO") {
			if got := p.line(t); got != "<nil>" {
				t.Errorf("after Main New printed %q", got)
			}
		}
		io.Copy(io.Discard, p.out)
		p.Wait()
	}
	for _, text := range []string{"procpool.Main()", "first line of main", "TestMain"} {
		if !strings.Contains(procpool.ErrNoMain.Error(), text) {
			t.Errorf("ErrNoMain does not contain %q: %v", text, procpool.ErrNoMain)
		}
	}
}

// TestInvalidWorkerConfig: a worker with an invalid configuration prints an error and exits.
func TestInvalidWorkerConfig(t *testing.T) {
	checkLeaks(t)
	for _, orders := range []string{"", "garbage", `{"Version":0}`, `{"Version":"one"}`} {
		cmd := exec.Command(self(t))
		cmd.Env = append(os.Environ(), "ASYNCIO_WORKER="+orders)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 120 || !strings.Contains(string(out), fmt.Sprintf("started as a worker, but ASYNCIO_WORKER=%q", orders)) {
			t.Errorf("orders %q: %v, %s", orders, err, out)
		}
	}
}
