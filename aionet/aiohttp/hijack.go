package aiohttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/asyncio-go/asyncio/aionet"
)

// Hijack takes over the connection, as an *aionet.Conn of the loop. The server's goroutine ends. The
// caller must close the connection. For TLS, HTTP/2, or after the start of the response the error
// matches errors.ErrUnsupported.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if err := w.usable(); err != nil {
		return nil, nil, err
	}
	if w.request.TLS != nil || w.headerSent || len(w.buf) > 0 {
		return nil, nil, fmt.Errorf("aiohttp: Hijack: the connection uses TLS, or the response has begun: %w", errors.ErrUnsupported)
	}
	var raw net.Conn
	var rest []byte
	err := w.offLoop(func() error {
		conn, rw, err := w.control.Hijack()
		if err != nil {
			return err
		}
		raw = conn
		ahead, _ := rw.Reader.Peek(rw.Reader.Buffered())
		rest = bytes.Clone(ahead)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	w.hijacked.Store(true)
	defer w.release()
	defer raw.Close()
	conn, err := w.adopt(raw)
	if err != nil {
		return nil, nil, err
	}
	in := io.Reader(conn)
	if len(rest) > 0 {
		in = io.MultiReader(bytes.NewReader(rest), conn)
	}
	return conn, bufio.NewReadWriter(bufio.NewReader(in), bufio.NewWriter(conn)), nil
}

func (w *response) adopt(raw net.Conn) (*aionet.Conn, error) {
	owner, ok := raw.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("aiohttp: Hijack: a %T has no descriptor to take over: %w", raw, errors.ErrUnsupported)
	}
	f, err := owner.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return aionet.FileConn(w.ctx, f)
}

var _ http.Hijacker = (*response)(nil)
