package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// client is one connection of the load: it sends a message, reads it back whole, and
// sends the next at once.
type client struct {
	fd             int
	sent, received int
	stuck          bool // waits for room
}

// loader drives all clients from one thread, as cheaply as it can.
type loader struct {
	ep      int
	clients map[int32]*client
	message []byte
	buf     []byte
	done    int
	stop    bool // after this message: no more are sent
}

func load(args []string) {
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	port := flags.Int("p", 0, "port")
	conns := flags.Int("c", 100, "connections")
	size := flags.Int("s", 1024, "bytes of a message")
	d := flags.Duration("d", time.Second, "measured time")
	warm := flags.Duration("w", 200*time.Millisecond, "time before that")
	pid := flags.Int("pid", 0, "the server's process")
	flags.Parse(args)
	runtime.LockOSThread()
	l := newLoader(*port, *conns, *size)
	for _, c := range l.clients {
		l.send(c)
	}
	l.run(*warm)
	before := cpuOf(*pid)
	l.done = 0
	l.run(*d)
	fmt.Printf("%.1f\n", float64(l.done)/(cpuOf(*pid)-before))
}

func newLoader(port, conns, size int) *loader {
	ep, err := unix.EpollCreate1(0)
	fail(err)
	l := &loader{ep: ep, clients: map[int32]*client{}, message: bytes.Repeat([]byte("x"), size), buf: make([]byte, 256<<10)}
	for range conns {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		fail(err)
		fail(unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
		fail(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
		fail(unix.SetNonblock(fd, true))
		l.clients[int32(fd)] = &client{fd: fd}
		watch(ep, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN)
	}
	return l
}

func (l *loader) close() {
	for _, c := range l.clients {
		unix.Close(c.fd)
	}
	unix.Close(l.ep)
}

func (l *loader) run(d time.Duration) {
	var events [512]unix.EpollEvent
	for end := time.Now().Add(d); time.Now().Before(end); {
		n, err := unix.EpollWait(l.ep, events[:], 100)
		if err != nil {
			continue
		}
		for _, e := range events[:n] {
			c := l.clients[e.Fd]
			if e.Events&unix.EPOLLOUT != 0 {
				l.send(c)
			}
			if e.Events&^unix.EPOLLOUT != 0 {
				l.receive(c)
			}
		}
	}
}

func (l *loader) send(c *client) {
	for c.sent < len(l.message) {
		n, errno := sysio(unix.SYS_WRITE, c.fd, l.message[c.sent:])
		if errno == unix.EAGAIN {
			break
		}
		if errno != 0 {
			fail(errno)
		}
		c.sent += n
	}
	if stuck := c.sent < len(l.message); stuck != c.stuck {
		c.stuck = stuck
		events := uint32(unix.EPOLLIN)
		if stuck {
			events |= unix.EPOLLOUT
		}
		watch(l.ep, unix.EPOLL_CTL_MOD, c.fd, events)
	}
}

func (l *loader) receive(c *client) {
	n, errno := sysio(unix.SYS_READ, c.fd, l.buf)
	switch {
	case errno == unix.EAGAIN:
		return
	case errno != 0 || n == 0:
		fail(fmt.Errorf("the server closed a connection: %v", errno))
	}
	if c.received += n; c.received < len(l.message) {
		return
	}
	if c.received > len(l.message) || c.sent < len(l.message) {
		fail(fmt.Errorf("%d bytes came back of %d sent", c.received, c.sent))
	}
	c.sent, c.received = 0, 0
	l.done++
	if !l.stop {
		l.send(c)
	}
}

// cpuOf returns the CPU seconds that a process has used.
func cpuOf(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	fail(err)
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+2:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}
