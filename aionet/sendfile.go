package aionet

import (
	"errors"
	"io"
	"os"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// maxSendFile bounds how much of a file is sent in one step. Other tasks run between the steps.
const maxSendFile = 1 << 20

// ReadFrom reads from r until EOF and writes the data; io.Copy calls it. Until it returns,
// another task that writes gets ErrConnBusy, so nothing is written in between. The calling
// task itself may write, in a Read of r. r may be a *net.Buffers.
//
// If r is an *os.File, or an io.LimitedReader of one, ReadFrom calls sendfile where the system
// supports it: the data is not copied through the program. Reading a file from a slow disk
// blocks the loop. Read files that are not in the system's cache with asyncio.ToThread.
func (c *Conn) ReadFrom(r io.Reader) (total int64, err error) {
	w, h, err := c.holdForWriting()
	if err != nil {
		return 0, err
	}
	defer h.end()
	if f, limit := fileOf(r); f != nil && !c.messages {
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

// fileOf returns the file that r reads and the number of bytes to read; -1 stands for all. It
// returns nil if r does not read a file.
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

// sendFile sends limit bytes of f, or all if limit is negative.
func (c *Conn) sendFile(h hold, to netport.FileSender, f *os.File, limit int64) (total int64, err error) {
	for limit < 0 || total < limit {
		n := int64(maxSendFile)
		if limit >= 0 {
			n = min(n, limit-total)
		}
		sent, err := h.part("sendfile", func(caller engine.Caller) (int, error) {
			return c.doBy(caller, "sendfile", &c.w, engine.ForWrite, func() (int, error) { return to.SendFile(f, int(n)) })
		})
		total += int64(sent)
		if err != nil || sent == 0 {
			return total, err
		}
	}
	return total, nil
}
