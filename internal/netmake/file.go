package netmake

import (
	"net"
	"os"
	"path/filepath"
)

// A SocketFile is the file that a unix socket was bound to. A nil one stands for a socket
// without a file, and for a file that is kept.
type SocketFile struct {
	path string // absolute: the program may change its directory
	made os.FileInfo
}

// fileOf returns the file of a socket that was bound to the address just now.
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

// Remove removes the file, unless another one has its path now. It is called while the
// socket is open: the system does not give the file's inode to another file before.
func (f *SocketFile) Remove() {
	if f == nil {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(f.made, now) {
		os.Remove(f.path)
	}
}

// A Listening socket is one of package net with its file, which only Remove removes.
type Listening struct {
	net.Listener
	File *SocketFile
}

// listening takes over what package net has made just now.
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

// A Packets socket is one of package net with its file.
type Packets struct {
	net.PacketConn
	File *SocketFile
}

// Close removes the file and closes the socket.
func (p Packets) Close() error {
	p.File.Remove()
	return p.PacketConn.Close()
}
