package aionet

import (
	"errors"
	"io"
	"os"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// mostSent is how much of a file is sent in one step: other tasks run in between.
const mostSent = 1 << 20

// ReadFrom reads from r until EOF and writes the data; io.Copy calls it. Until it returns,
// another task that writes gets ErrConnBusy, so nothing is written in between. The calling
// task itself may write, in a Read of r. r may be a *net.Buffers.
//
// A file, or an io.LimitedReader of one, is sent by the system (sendfile) where it can:
// the bytes do not pass through the program. Reading a file from a slow disk blocks the
// loop, as reading it otherwise would; files that are not in the system's cache are
// better read by asyncio.ToThread.
func (c *Conn) ReadFrom(r io.Reader) (total int64, err error) {
	w, h, err := c.heldForWriting()
	if err != nil {
		return 0, err
	}
	defer h.end()
	if f, limit := fileOf(r); f != nil && !c.whole {
		if sender, ok := c.stream.(netport.FileSender); ok {
			total, err = c.sendFile(h, sender, f, limit)
			if l, ok := r.(*io.LimitedReader); ok {
				l.N -= total
			}
			if !errors.Is(err, errors.ErrUnsupported) {
				return total, err
			}
		}
	}
	n, err := io.Copy(w, r)
	return total + n, err
}

// fileOf returns the file that r reads, and how much of it, -1 for all.
func fileOf(r io.Reader) (*os.File, int64) {
	switch r := r.(type) {
	case *os.File:
		return r, -1
	case *io.LimitedReader:
		if f, ok := r.R.(*os.File); ok {
			return f, max(r.N, 0)
		}
	}
	return nil, 0
}

func (c *Conn) sendFile(h hold, to netport.FileSender, f *os.File, limit int64) (total int64, err error) {
	for limit < 0 || total < limit {
		most := int64(mostSent)
		if limit >= 0 {
			most = min(most, limit-total)
		}
		n, err := h.part("sendfile", func(caller engine.Caller) (int, error) {
			return c.tryBy(caller, "sendfile", &c.w, engine.ForWrite, func() (int, error) { return to.SendFile(f, int(most)) })
		})
		total += int64(n)
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}
