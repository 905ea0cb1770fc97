package stalls

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// silent starts a TCP server that sends the greeting to each client and then does not answer. It
// closes a connection when the program has been blocked for long enough.
func silent(greeting string) (address string) {
	l := got(net.Listen("tcp", "127.0.0.1:0"))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			time.AfterFunc(lasts, func() { c.Close() })
			go func() {
				io.WriteString(c, greeting)
				io.Copy(io.Discard, c)
			}()
		}
	}()
	return l.Addr().String()
}

// split returns the host and the port of the address.
func split(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	must(err)
	return host, port
}

// fullPipe returns the write end of a full pipe. After lasts, a goroutine empties the pipe.
func fullPipe() *os.File {
	r, w, err := os.Pipe()
	must(err)
	w.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	for err == nil {
		_, err = w.Write(make([]byte, 4096))
	}
	w.SetWriteDeadline(time.Time{})
	time.AfterFunc(lasts, func() { io.Copy(io.Discard, r) })
	return w
}

// temporary returns the path of a file that does not exist.
func temporary(name string) string {
	return filepath.Join(got(os.MkdirTemp("", "stalls")), name)
}
