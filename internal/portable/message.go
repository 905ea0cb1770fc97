package portable

import (
	"fmt"
	"net"
)

// readMessage reads one message of a unix socket whole, into p or a longer buffer, which
// it returns. It fails if the message is longer than the system tells beforehand.
func readMessage(c *net.UnixConn, p []byte) (buf []byte, n int, from net.Addr, err error) {
	p = growFor(c, p)
	n, _, flags, addr, err := c.ReadMsgUnix(p, nil)
	if err == nil && flags&truncated != 0 {
		n, err = 0, fmt.Errorf("aionet: the message has more than %d bytes and was dropped", len(p))
	}
	if addr != nil { // not a nil pointer in the interface
		from = addr
	}
	return p, n, from, err
}
