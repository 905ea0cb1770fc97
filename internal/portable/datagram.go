package portable

import (
	"errors"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// maxDatagram is more than the largest UDP datagram.
const maxDatagram = 64 << 10

// maxSendTime bounds how long sending a datagram may block the loop. It blocks only if the send
// buffer is full.
const maxSendTime = 100 * time.Microsecond

// A datagramSender sends datagrams on the loop. Sending rarely blocks, and the error must be that
// of the datagram. It is owned by the loop.
type datagramSender struct{ retrying bool } // the send buffer was full, and a timer will wake the writers

func (o *datagramSender) send(s *socket, write func() (int, error)) (int, error) {
	s.conn.SetWriteDeadline(time.Now().Add(maxSendTime))
	n, err := write()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, unwrapOpError(err)
	}
	if !o.retrying {
		o.retrying = true
		s.net.loop.CallAt(s.net.loop.After(retryPause), func() {
			o.retrying = false
			s.notify(false, true)
		})
	}
	return 0, netport.ErrAgain
}
