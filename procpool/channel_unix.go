//go:build unix

package procpool

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// The worker's files: the channel, and the memory for arguments and results.
const (
	taskFile = 3 + iota
	answerFile
	argumentFile
	resultFile
)

// startWithChannel starts the command in a new process group. So Ctrl-C at the terminal
// does not interrupt the worker, and a signal to the group reaches the programs that the
// worker started.
func startWithChannel(cmd *exec.Cmd) (*channel, error) {
	ours, theirs, err := newChannel()
	if err != nil {
		return nil, err
	}
	defer theirs.close()
	cmd.ExtraFiles = append([]*os.File{theirs.in.file, theirs.out}, ours.create()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		ours.close()
		return nil, err
	}
	return ours, nil
}

// workerChannel returns the worker's end. Programs that functions start do not inherit it.
// A read blocks a thread, which takes fewer system calls than the poller does.
func workerChannel() (*channel, error) {
	syscall.CloseOnExec(taskFile)
	syscall.CloseOnExec(answerFile)
	c := &channel{in: newProcessPipe(os.NewFile(taskFile, "pool channel")), out: os.NewFile(answerFile, "pool channel")}
	return c, c.inherit()
}

// An attempt writes to a pipe without blocking. All writes to a pipe share one attempt.
type attempt struct {
	raw     syscall.RawConn // nil: a write may block the thread
	do      func(fd uintptr) bool
	b       []byte
	written int
}

func newAttempt(f *os.File) *attempt {
	a := &attempt{}
	if f.SetWriteDeadline(time.Time{}) == nil { // the file is in non-blocking mode
		a.raw, _ = f.SyscallConn()
	}
	a.do = func(fd uintptr) bool {
		n, err := syscall.Write(int(fd), a.b)
		switch {
		case err == nil:
			a.written = n
		case err == syscall.EAGAIN || err == syscall.EINTR:
			a.written = 0
		}
		return true
	}
	return a
}

// write writes as much of b as the pipe takes without blocking, and returns the number of bytes. If
// the other end is closed it returns len(b).
func (a *attempt) write(b []byte) int {
	if a.raw == nil {
		return 0
	}
	a.b, a.written = b, len(b)
	a.raw.Write(a.do)
	a.b = nil
	return a.written
}

// readNow reads the bytes that are in the pipe, at most len(b). It does not block.
func readNow(f *os.File, b []byte) (n int) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		for err := error(syscall.EINTR); err == syscall.EINTR; {
			n, err = syscall.Read(int(fd), b)
		}
	})
	return max(n, 0)
}

// isEnd reports whether the error of a read or write means that the other side has closed
// the channel or has ended.
func isEnd(err error) bool {
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EPIPE)
}

// killGroupOf kills the processes in the group of a worker.
func killGroupOf(pid int) { syscall.Kill(-pid, syscall.SIGKILL) }

// killGroup kills this process, a worker, and the programs in its group.
func killGroup() { syscall.Kill(0, syscall.SIGKILL) }

// handleHangup makes a worker kill its group when the pool's process ends while the worker
// is stopped by a signal. The system then sends SIGHUP and SIGCONT to the group. Without a
// handler SIGHUP would end the worker before it can kill the other processes.
func handleHangup(parent int) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		<-hangups
		if os.Getppid() != parent {
			killGroup()
		}
		signal.Reset(syscall.SIGHUP) // the pool still runs: use the default action
		syscall.Kill(os.Getpid(), syscall.SIGHUP)
	}()
}

// signalOf returns the signal that ended the process, or 0.
// signalOf returns the signal that ended the process, or 0.
func signalOf(state *os.ProcessState) syscall.Signal {
	if state == nil {
		return 0
	}
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return s.Signal()
	}
	return 0
}

// setNice adds n to the niceness of this process, a worker. It sets the niceness of the
// group, because PRIO_PROCESS applies to a single thread on Linux. The group has no other
// process yet.
func setNice(n int) error {
	if n == 0 {
		return nil
	}
	now, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return os.NewSyscallError("getpriority", err)
	}
	return os.NewSyscallError("setpriority", syscall.Setpriority(syscall.PRIO_PGRP, 0, min(niceness(now)+n, 19)))
}
