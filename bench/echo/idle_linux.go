package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// idle prints what a connection costs that says nothing: bytes of the server's heap and
// stacks, after a collection, and of its resident memory.
func idle(args []string) {
	flags := flag.NewFlagSet("idle", flag.ExitOnError)
	conns := flags.Int("c", 5000, "connections")
	modes := flags.String("servers", "net,conn,next,protocol", "which servers")
	flags.Parse(args)
	names := strings.Split(*modes, ",")
	base := 0.0
	for i, mode := range names {
		server, port := start(mode + "-idle")
		before, _ := server.memory()
		p, err := strconv.Atoi(port)
		fail(err)
		l := newLoader(p, *conns, 1)
		l.stop = true
		for _, c := range l.clients { // each says something once: its handler runs, and waits again
			l.send(c)
		}
		for l.done < *conns {
			l.run(10 * time.Millisecond)
		}
		after, resident := server.memory()
		each := float64(after-before) / float64(*conns)
		if i == 0 {
			base = each
		}
		fmt.Printf("%-10s %6.0f bytes a connection (%.2f of %s), resident %6.0f\n", mode, each, each/base, names[0], float64(resident)/float64(*conns))
		l.close()
		server.kill()
	}
}

// memory asks the server for the bytes of its heap and stacks, and what it gained in
// resident memory since the last time.
func (s *server) memory() (used, gained int64) {
	fmt.Fprintln(s.stdin)
	line, err := s.out.ReadString('\n')
	fail(err)
	_, err = fmt.Sscan(line, &used, &gained)
	fail(err)
	return used, gained
}

// answerMemory is the server's side.
func answerMemory() {
	last := resident()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		now := resident()
		fmt.Println(m.HeapAlloc+m.StackInuse, now-last)
		last = now
	}
	os.Exit(0)
}

func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	fail(err)
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	fail(err)
	return pages * int64(os.Getpagesize())
}
