package aionet

import (
	"context"
	"io"
	"net"
)

// WithContext returns a view of the connection whose Read and Write also end when
// ctx does, which must have the connection's loop: a time-out for one line, say. The
// view is used in tasks of the loop. Everything else is the connection's.
func (c *Conn) WithContext(ctx context.Context) net.Conn { return view{c, ctx} }

type view struct {
	*Conn
	ctx context.Context
}

func (v view) Read(p []byte) (int, error)  { return v.read(v.ctx, p) }
func (v view) Write(p []byte) (int, error) { return v.write(v.ctx, p) }

// Next, WriteTo and ReadFrom are not the connection's, which would not obey the ctx.

func (v view) Next() ([]byte, error) {
	caller, err := v.enter(v.ctx)
	if err != nil {
		return nil, v.opError("read", err)
	}
	return v.next(caller)
}

func (v view) WriteTo(w io.Writer) (int64, error) {
	h, err := v.hold("read", &v.r)
	if err != nil {
		return 0, err
	}
	defer h.end()
	return v.writeTo(w, v.Next)
}

func (v view) ReadFrom(r io.Reader) (int64, error) {
	w, h, err := v.heldForWriting()
	if err != nil {
		return 0, err
	}
	defer h.end()
	return io.Copy(struct{ io.Writer }{w}, r)
}

// hold begins a call of many parts, with the view's ctx.
func (v view) hold(op string, h *half) (hold, error) {
	caller, err := v.enter(v.ctx)
	if err != nil {
		return hold{}, v.opError(op, err)
	}
	return v.holdBy(caller, op, h)
}
