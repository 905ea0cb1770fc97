package storm

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A header begins a request and an answer. Size bytes follow it. Sum is the size of the answer in
// a request, and the checksum of the request's bytes in an answer. All bytes depend on ID.
type header struct{ ID, Size, Sum uint32 }

const headerSize = 12

func (h header) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, h.ID)
	b = binary.BigEndian.AppendUint32(b, h.Size)
	return binary.BigEndian.AppendUint32(b, h.Sum)
}

func readHeader(r io.Reader) (h header, err error) {
	var b [headerSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return h, err
	}
	return header{binary.BigEndian.Uint32(b[:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])}, nil
}

// fill returns n bytes that depend on id.
func fill(id, n uint32) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(id>>(8*(i%4))) + byte(i/4)
	}
	return b
}

// handle answers the requests of a connection.
func (r *round) handle(ctx context.Context, conn *aionet.Conn) error {
	r.counts.accepted.Add(1)
	in := bufio.NewReader(conn)
	idle := false // the handler waits for the next request
	if r.behavior == leave {
		asyncio.Go(ctx, func(ctx context.Context) error {
			if _, _, err := asyncio.Recv(ctx, aionet.Draining(ctx)); err != nil {
				return err
			}
			if idle {
				conn.SetReadDeadline(time.Unix(1, 0))
			}
			return nil
		})
	}
	for n := 0; ; n++ {
		idle = n > 0 && in.Buffered() == 0
		if idle && r.leaving(ctx) {
			return nil
		}
		_, err := in.Peek(1)
		idle = false
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return err
		}
		q, err := readHeader(in)
		if err != nil {
			return err
		}
		body := make([]byte, q.Size)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		r.counts.requests.Add(1)
		if q.ID%5 == 0 {
			if err := asyncio.Sleep(ctx, time.Duration(q.ID%3)*time.Millisecond); err != nil {
				return err
			}
		}
		answer := header{q.ID, q.Sum, crc32.ChecksumIEEE(body)}.append(nil)
		if _, err := conn.Write(append(answer, fill(q.ID, q.Sum)...)); err != nil {
			return err
		}
		r.counts.answers.Add(1)
	}
}

// leaving reports whether the handler should return between two requests.
func (r *round) leaving(ctx context.Context) bool {
	if r.behavior != leave {
		return false
	}
	select {
	case <-aionet.Draining(ctx):
		return true
	default:
		return false
	}
}
