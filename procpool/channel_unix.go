//go:build unix

package procpool

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
)

// socket is a channel over one end of a pair of sockets.
type socket struct {
	*net.UnixConn
	memory
}

func (s *socket) Close() error {
	s.memory.close()
	return s.UnixConn.Close()
}

// The worker's files: the channel, and the memory for arguments and results.
const (
	channelFile = 3 + iota
	argumentFile
	resultFile
)

// startWithChannel starts the command, in a process group of its own, so that a
// Ctrl-C at the terminal is the program's alone and a kill reaches what the worker
// started.
func startWithChannel(cmd *exec.Cmd) (channel, error) {
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	s := &socket{UnixConn: ours}
	cmd.ExtraFiles = append([]*os.File{theirs}, s.memory.create()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func socketPair() (*net.UnixConn, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "worker channel")
	ours, err := connOf(os.NewFile(uintptr(fds[0]), "pool channel"))
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return ours, theirs, nil
}

// connOf puts the socket into the care of package net.
func connOf(f *os.File) (*net.UnixConn, error) {
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, errors.New("the file is no unix socket")
	}
	return unix, nil
}

// workerChannel is the worker's end. Programs that functions start do not get it.
func workerChannel() (channel, error) {
	conn, err := connOf(os.NewFile(channelFile, "pool channel"))
	if err != nil {
		return nil, err
	}
	s := &socket{UnixConn: conn}
	return s, s.memory.inherit()
}

// isEnd reports whether the error of a read says that the other side is gone.
func isEnd(err error) bool {
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

func killGroupOf(pid int) { syscall.Kill(-pid, syscall.SIGKILL) }

// killGroup ends this process, a worker, and what it started.
func killGroup() { syscall.Kill(0, syscall.SIGKILL) }

func signalOf(state *os.ProcessState) syscall.Signal {
	if state == nil {
		return 0
	}
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return s.Signal()
	}
	return 0
}

// setNice adds to the niceness of this process, a worker. It sets that of its group,
// which has no other process yet, since on Linux a process means one thread.
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
