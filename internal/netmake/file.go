package netmake

import (
	"net"
	"os"
	"path/filepath"
)

// A SocketFile is the file of a unix socket. A nil *SocketFile stands for a socket without a
// file, and for a file that is kept.
type SocketFile struct {
	path string // absolute, as the program may change its directory
	made os.FileInfo
}

// fileOf returns the file of a socket. It is called right after the socket was bound to a.
func fileOf(a net.Addr) *SocketFile {
	u, ok := a.(*net.UnixAddr)
	if !ok || u.Name == "" || u.Name[0] == '@' {
		return nil
	}
	path, err := filepath.Abs(u.Name)
	if err != nil {
		return nil
	}
	made, err := os.Lstat(path)
	if err != nil || made.Mode()&os.ModeSocket == 0 {
		return nil
	}
	return &SocketFile{path, made}
}

// Remove removes the file, unless another file has replaced it. It must be called while the
// socket is open: until then the system does not reuse the inode of the file.
func (f *SocketFile) Remove() {
	if f == nil {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(f.made, now) {
		os.Remove(f.path)
	}
}

// Listening is a listener of package net with its file. Close removes the file, package net does
// not.
type Listening struct {
	net.Listener
	File *SocketFile
}

// listening returns l with its file. It is called right after package net has made l.
func listening(l net.Listener, keep bool) Listening {
	made := Listening{Listener: l}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
		if !keep {
			made.File = fileOf(l.Addr())
		}
	}
	return made
}

// Close removes the file and closes the socket.
func (l Listening) Close() error {
	l.File.Remove()
	return l.Listener.Close()
}

// Packets is a datagram socket of package net with its file.
type Packets struct {
	net.PacketConn
	File *SocketFile
}

// Close removes the file and closes the socket.
func (p Packets) Close() error {
	p.File.Remove()
	return p.PacketConn.Close()
}
