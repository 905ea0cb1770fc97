//go:build linux

// Command echo measures TCP echo servers side by side: ours, package net's, gnet and a
// bare epoll loop as the floor. Each runs in a process of its own, and so does the load.
//
//	go run ./echo                          the table
//	go run ./echo -grid 100x1024 -n 3      one row, three runs each
//	go run ./echo hold                     10,000 connections that all send, and a heartbeat
//	go run ./echo idle                     memory of connections that say nothing
//
// Quoted is throughput per CPU second of the server: on a machine with two cores the
// load's own work would hide the difference otherwise.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve":
			serve(os.Args[2])
			return
		case "load":
			load(os.Args[2:])
			return
		case "hold":
			hold(os.Args[2:])
			return
		case "idle":
			idle(os.Args[2:])
			return
		}
	}
	table()
}

func table() {
	grid := flag.String("grid", "10x1024,100x1024,1000x1024,10x10240,100x10240,1000x10240,10x102400,100x102400", "connections x bytes, with commas between")
	modes := flag.String("servers", "net,gnet,conn,next,protocol,floor", "which servers")
	runs := flag.Int("n", 10, "runs of each")
	secs := flag.Duration("for", time.Second, "measured time of each run")
	flag.Parse()
	names := strings.Split(*modes, ",")
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "connections x bytes\t%s\t\n", strings.Join(names, "\t"))
	for _, cell := range strings.Split(*grid, ",") {
		conns, bytes, ok := strings.Cut(cell, "x")
		if _, e1 := strconv.Atoi(conns); !ok || e1 != nil {
			fail(fmt.Errorf("-grid: %q is not connections x bytes, such as 100x1024", cell))
		}
		got := make([][]float64, len(names))
		for range *runs { // alternately: a slow spell of the machine falls on all
			for i, mode := range names {
				got[i] = append(got[i], measure(mode, conns, bytes, *secs))
			}
		}
		fmt.Fprintf(out, "%s", cell)
		base := median(got[0])
		for i := range names {
			fmt.Fprintf(out, "\t%.0f (%.2f)", median(got[i]), median(got[i])/base)
		}
		fmt.Fprintln(out, "\t")
	}
	fmt.Fprintf(out, "requests per CPU second of the server, medians of %d (ratio to %s)\n", *runs, names[0])
	out.Flush()
}

// measure runs one server under load and returns its requests per CPU second.
func measure(mode, conns, bytes string, d time.Duration) float64 {
	server, port := start(mode)
	defer server.kill()
	text, err := exec.Command(self(), "load", "-p", port, "-c", conns, "-s", bytes, "-d", d.String(), "-pid", strconv.Itoa(server.Process.Pid)).CombinedOutput()
	if err != nil {
		fail(fmt.Errorf("load on %s: %v: %s", mode, err, text))
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		fail(fmt.Errorf("load on %s printed %q", mode, text))
	}
	return v
}

// server is a process that serves.
type server struct {
	*exec.Cmd
	stdin *os.File
	out   *bufio.Reader
}

// start runs a server and returns it with the port on which it listens.
func start(mode string) (*server, string) {
	cmd := exec.Command(self(), "serve", mode)
	cmd.Env = append(os.Environ(), "GNET_LOGGING_LEVEL=2") // errors only: it logs to standard output
	cmd.Stderr = os.Stderr
	r, w, err := os.Pipe() // its end is the server's end
	fail(err)
	cmd.Stdin = r
	stdout, err := cmd.StdoutPipe()
	fail(err)
	fail(cmd.Start())
	r.Close()
	out := bufio.NewReader(stdout)
	line, err := out.ReadString('\n')
	if err != nil {
		fail(fmt.Errorf("server %s did not start: %v", mode, err))
	}
	return &server{cmd, w, out}, strings.TrimSpace(line)
}

// end closes the server's standard input and waits for it.
func (s *server) end() {
	s.stdin.Close()
	s.Wait()
}

func (s *server) kill() {
	s.Process.Kill()
	s.end()
}

func self() string {
	path, err := os.Executable()
	fail(err)
	return path
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}
