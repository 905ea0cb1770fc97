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

// WriteTo is not the connection's, which would not obey the ctx.
func (v view) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{v})
}
