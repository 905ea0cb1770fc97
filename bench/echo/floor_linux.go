package main

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// serveFloor is a bare loop: epoll, one buffer, one function call for each request. It
// handles no error and nothing besides echoing.
func serveFloor() {
	runtime.LockOSThread()
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	fail(err)
	fail(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	fail(unix.Listen(l, 4096))
	sa, err := unix.Getsockname(l)
	fail(err)
	ep, err := unix.EpollCreate1(0)
	fail(err)
	watch(ep, unix.EPOLL_CTL_ADD, l, unix.EPOLLIN)
	fmt.Println(sa.(*unix.SockaddrInet4).Port)
	var (
		events [256]unix.EpollEvent
		rest   = map[int][]byte{} // what a socket would not take
		buf    = make([]byte, bufferLen)
	)
	for {
		for _, e := range events[:wait(ep, events[:])] {
			fd := int(e.Fd)
			if fd == l {
				if c, _, err := unix.Accept4(l, unix.SOCK_NONBLOCK); err == nil {
					unix.SetsockoptInt(c, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
					watch(ep, unix.EPOLL_CTL_ADD, c, unix.EPOLLIN)
				}
				continue
			}
			out, held := rest[fd]
			if !held {
				n, errno := sysio(unix.SYS_READ, fd, buf)
				if errno == unix.EAGAIN {
					continue
				}
				if errno != 0 || n == 0 {
					unix.Close(fd)
					continue
				}
				out = buf[:n]
			}
			n, errno := sysio(unix.SYS_WRITE, fd, out)
			if errno != 0 {
				n = 0
			}
			switch {
			case n < len(out):
				rest[fd] = append([]byte(nil), out[n:]...)
				if !held {
					watch(ep, unix.EPOLL_CTL_MOD, fd, unix.EPOLLOUT)
				}
			case held:
				delete(rest, fd)
				watch(ep, unix.EPOLL_CTL_MOD, fd, unix.EPOLLIN)
			}
		}
	}
}

func watch(ep, op, fd int, events uint32) {
	fail(unix.EpollCtl(ep, op, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)}))
}

// wait asks first without telling the scheduler, and blocks only if nothing is there.
func wait(ep int, events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno == 0 && n > 0 {
		return int(n)
	}
	k, err := unix.EpollWait(ep, events, -1)
	if err != nil {
		return 0
	}
	return k
}

func sysio(call uintptr, fd int, p []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}
