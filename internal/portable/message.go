package portable

import (
	"fmt"
	"net"
)

// readMessage reads one whole message of a unix socket, into p or a new buffer, and returns
// the buffer. It fails if the message does not fit in p and the system does not report the
// length before the read.
func readMessage(c *net.UnixConn, p []byte) (buf []byte, n int, from net.Addr, err error) {
	p = growFor(c, p)
	n, _, flags, addr, err := c.ReadMsgUnix(p, nil)
	if err == nil && flags&truncated != 0 {
		n, err = 0, fmt.Errorf("aionet: the message was dropped: it has more than %d bytes", len(p))
	}
	if addr != nil { // not a nil pointer in the interface
		from = addr
	}
	return p, n, from, err
}
