//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// actAsProgram is set for a copy of the test binary that is to be the program.
const actAsProgram = "PROXY_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(actAsProgram); ok {
		os.Exit(run(context.Background(), strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Over real sockets, with clients and a target that know nothing of the library.
func TestOverLoopback(t *testing.T) {
	nothingLeft(t)
	target := listen(t)
	defer target.Close()
	ctx, interrupt := context.WithCancel(context.Background())
	out, printed := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"-listen", "127.0.0.1:0", "-report", "0", "-to", target.Addr().String()}, printed, t.Output())
		printed.Close()
	}()
	lines := bufio.NewReader(out)
	proxy := address(t, lines)

	t.Run("sixteen megabytes each way", func(t *testing.T) {
		client, server := connect(t, proxy, target)
		up, down := random(16<<20), random(16<<20)
		sent := make(chan error, 2)
		send := func(to *net.TCPConn, text []byte) {
			_, err := to.Write(text)
			sent <- errors.Join(err, to.CloseWrite())
		}
		go send(client, up)
		go send(server, down)
		received := make(chan bool, 1)
		go func() {
			got, err := io.ReadAll(server)
			received <- err == nil && bytes.Equal(got, up)
		}()
		if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, down) {
			t.Errorf("%d bytes came down, %v; want the %d that were sent", len(got), err, len(down))
		}
		if !<-received {
			t.Error("what came up is not what was sent")
		}
		if err := errors.Join(<-sent, <-sent); err != nil {
			t.Error(err)
		}
	})
	// A reset is no end: it is passed on as one.
	for side, name := range []string{"client", "target"} {
		t.Run("the "+name+" resets", func(t *testing.T) {
			client, server := connect(t, proxy, target)
			sides := [2]*net.TCPConn{client, server}
			say(t, client, "hello") // through: nothing is being connected any more
			hear(t, server, "hello")
			sides[side].SetLinger(0)
			sides[side].Close()
			if _, err := sides[1-side].Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the other side heard %v, want %v", err, syscall.ECONNRESET)
			}
		})
	}
	interrupt()
	rest, _ := io.ReadAll(lines)
	want := "interrupted: what is open has 10s to end; Ctrl-C again ends at once\n" +
		"ended; connections: 0 open, 3 in all, 2 failed, 0 cut; 16.8 MB up, 16.8 MB down\n"
	if s := <-status; s != 0 || string(rest) != want {
		t.Errorf("exit status %d; it printed\n%s\nwant\n%s", s, rest, want)
	}
}

// As its users meet it: a first Ctrl-C ends it in order, a second at once.
func TestTheProcess(t *testing.T) {
	// What a process ignores its children ignore too, as in the background of a shell. What
	// it handles they do not.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	defer signal.Stop(caught)
	for name, twice := range map[string]bool{"one interrupt": false, "two interrupts": true} {
		t.Run(name, func(t *testing.T) {
			target := listen(t)
			defer target.Close()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), actAsProgram+"=-listen 127.0.0.1:0 -report 0 -drain 1h -to "+target.Addr().String())
			cmd.Stderr = t.Output()
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := false
			defer func() {
				if !ended {
					cmd.Process.Kill()
					cmd.Wait()
				}
			}()
			lines := bufio.NewReader(stdout)
			client, server := connect(t, address(t, lines), target)
			cmd.Process.Signal(os.Interrupt)
			if line, err := lines.ReadString('\n'); !strings.HasPrefix(line, "interrupted: what is open has 1h") {
				t.Errorf("it printed %q, %v", line, err)
			}
			if twice {
				cmd.Process.Signal(os.Interrupt)
			} else {
				say(t, client, "last words")
				hear(t, server, "last words")
				client.Close()
				server.Close()
			}
			rest, _ := io.ReadAll(lines)
			cmd.Wait()
			ended = true
			status := cmd.ProcessState.Sys().(syscall.WaitStatus)
			switch {
			case twice && (!status.Signaled() || status.Signal() != syscall.SIGINT || len(rest) > 0):
				t.Errorf("it ended with %v and printed %q, want an end by the signal", cmd.ProcessState, rest)
			case !twice && (status.ExitStatus() != 0 || string(rest) != "ended; connections: 0 open, 1 in all, 0 failed, 0 cut; 10 bytes up, 0 bytes down\n"):
				t.Errorf("it ended with %v and printed %q", cmd.ProcessState, rest)
			}
		})
	}
}

func listen(t *testing.T) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// address reads the line in which the proxy says where it is.
func address(t *testing.T, lines *bufio.Reader) string {
	t.Helper()
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	here, _, _ := strings.Cut(strings.TrimPrefix(line, "listening on "), ",")
	return here
}

// connect connects a client to the target, through the proxy. Both are closed at the end.
func connect(t *testing.T, proxy string, target *net.TCPListener) (client, server *net.TCPConn) {
	t.Helper()
	conn, err := net.Dial("tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	client = conn.(*net.TCPConn)
	t.Cleanup(func() { client.Close() })
	if server, err = target.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

func TestPortTaken(t *testing.T) {
	taken := listen(t)
	defer taken.Close()
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"-to", "localhost:1", "-listen", taken.Addr().String()}, &out, &errs); status != 1 {
		t.Errorf("exit status %d, want 1", status)
	}
	if !strings.Contains(errs.String(), "address already in use") || out.Len() > 0 {
		t.Errorf("it printed %q and %q", out.String(), errs.String())
	}
}

func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                                     `-to is ""; expected a host and a port`,
		"-to localhost":                        `-to is "localhost"; expected a host and a port`,
		"-to localhost:0":                      `-to is "localhost:0"`,
		"-to localhost:70000":                  `-to is "localhost:70000"`,
		"-to localhost:1 -listen 7000":         `-listen is "7000"; expected a host and a port`,
		"-to localhost:7000":                   "-to is localhost:7000, as -listen is",
		"-to localhost:1 -connect 0s":          "-connect is 0s; expected a duration of more than nothing",
		"-to localhost:1 -idle -1s":            "-idle is -1s",
		"-to localhost:1 -drain 0":             "-drain is 0s",
		"-to localhost:1 -report -1s":          "-report is -1s; expected a duration such as 5s, or 0",
		"-to localhost:1 -most 0":              "-most is 0; expected a number from 1",
		"-to localhost:1 -most many":           `"many"`,
		"-to localhost:1 somewhere":            `unexpected argument "somewhere"; expected flags only`,
		"-to localhost:1 -nonsense":            "-nonsense",
		"-to localhost:1 -idle 5 -connect 10s": `"5"`,
	} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), strings.Fields(args), &out, &errs); status != 2 || !strings.Contains(errs.String(), want) || out.Len() > 0 {
			t.Errorf("%q: exit status %d, stderr %q, stdout %q; want 2 and %q", args, status, &errs, &out, want)
		}
	}
}

// nothingLeft fails the test if, at its end, there are more goroutines or open files
// than now. What only has to run to its end is given the time it needs.
func nothingLeft(t *testing.T) {
	t.Helper()
	listen(t).Close() // from the first on the runtime keeps a poller,
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt) // and a goroutine for signals
	signal.Stop(caught)
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); <-tick.C {
			if runtime.NumGoroutine() <= goroutines && openFiles() <= files {
				return
			}
		}
		stacks := make([]byte, 1<<16)
		stacks = stacks[:runtime.Stack(stacks, true)]
		t.Errorf("%d goroutines, %d before; %d open files, %d before:\n%s", runtime.NumGoroutine(), goroutines, openFiles(), files, stacks)
	})
}

// openFiles counts descriptors where the system tells.
func openFiles() int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(names)
}
