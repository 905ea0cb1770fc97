package portable

import (
	"errors"
	"os"
	"time"

	"github.com/asyncio-go/asyncio/internal/netport"
)

// longest is more than a datagram of the internet can have.
const longest = 64 << 10

// sendTime is how long the loop may be held up by a datagram for which there is no
// room, which is seldom.
const sendTime = 100 * time.Microsecond

// outgoing sends datagrams. That is done on the loop, as it hardly ever waits and the
// error belongs to the datagram. Owned by the loop.
type outgoing struct{ full bool } // somebody's queue was, and a callback is set to look again

func (o *outgoing) send(s *socket, write func() (int, error)) (int, error) {
	s.of.SetWriteDeadline(time.Now().Add(sendTime))
	n, err := write()
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return n, plain(err)
	}
	if !o.full {
		o.full = true
		s.net.loop.CallAt(s.net.loop.After(pause), func() {
			o.full = false
			s.tell(false, true)
		})
	}
	return 0, netport.ErrAgain
}
