//go:build unix

package bench

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A peer is a process of this binary at the other end of a bare pair of sockets: the
// least that a program needs to have something done elsewhere. The rows of the
// process pool are held against it.
type peer struct {
	cmd  *exec.Cmd
	conn net.Conn
}

// peerVar tells a process that it is a peer, and which: a role and a size.
const peerVar = "ASYNCIO_BENCH_PEER"

const (
	echoPeer = "echo" // sends back what it gets, in pieces of that size
	sinkPeer = "sink" // takes pieces of that size, touches them, and answers each with a byte
)

// startPeer starts a peer. It sends a byte as soon as it runs, which startPeer waits
// for.
func startPeer(role string, size int) (*peer, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	syscall.CloseOnExec(fds[0])
	syscall.CloseOnExec(fds[1])
	theirs := os.NewFile(uintptr(fds[1]), "theirs")
	defer theirs.Close()
	conn, err := connOf(os.NewFile(uintptr(fds[0]), "ours"))
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &peer{exec.Command(self), conn}
	p.cmd.Env = append(os.Environ(), peerVar+"="+role+" "+strconv.Itoa(size))
	p.cmd.ExtraFiles = []*os.File{theirs}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		conn.Close()
		return nil, err
	}
	if err := p.answer(); err != nil {
		return nil, fmt.Errorf("the peer has not begun: %w", err)
	}
	return p, nil
}

func connOf(f *os.File) (net.Conn, error) {
	defer f.Close()
	return net.FileConn(f)
}

// answer waits for a byte.
func (p *peer) answer() error {
	var b [1]byte
	_, err := io.ReadFull(p.conn, b[:])
	return err
}

// end closes the sockets, which ends the peer, and waits for that.
func (p *peer) end() error {
	p.conn.Close()
	return p.cmd.Wait()
}

// withPeer makes row a benchmark with a peer.
func withPeer(role string, size int, row func(b *testing.B, p *peer) error) func(b *testing.B) {
	return func(b *testing.B) {
		p, err := startPeer(role, size)
		if err != nil {
			b.Fatal(err)
		}
		if err := row(b, p); err != nil {
			b.Error(err)
		}
		if err := p.end(); err != nil {
			b.Error(err)
		}
	}
}

// maybePeer is the peer's whole program, and returns at once elsewhere.
func maybePeer() {
	text, ok := os.LookupEnv(peerVar)
	if !ok {
		return
	}
	if err := servePeer(text); err != nil {
		fmt.Fprintf(os.Stderr, "peer %q: %v\n", text, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func servePeer(text string) error {
	role, number, _ := strings.Cut(text, " ")
	size, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	conn, err := connOf(os.NewFile(3, "channel"))
	if err != nil {
		return err
	}
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	piece := make([]byte, size)
	for {
		switch _, err := io.ReadFull(conn, piece); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		answer := piece
		if role == sinkPeer {
			answer = []byte{touch(piece)}
		}
		if _, err := conn.Write(answer); err != nil {
			return err
		}
	}
}

// touch reads a byte of every page.
func touch(b []byte) (sum byte) {
	for i := 0; i < len(b); i += 4096 {
		sum += b[i]
	}
	return sum
}
