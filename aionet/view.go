package aionet

import (
	"context"
	"io"
	"net"
)

// WithContext returns a view of the connection whose Read and Write obey ctx, for example a
// time-out for one line. ctx must belong to the connection's loop, and the view is used in tasks
// of that loop. Everything else is shared with the connection.
func (c *Conn) WithContext(ctx context.Context) net.Conn { return view{c, ctx} }

// view overrides each method of Conn that suspends, so that it obeys ctx.
type view struct {
	*Conn
	ctx context.Context
}

func (v view) Read(p []byte) (int, error)  { return v.readWith(v.ctx, p) }
func (v view) Write(p []byte) (int, error) { return v.writeWith(v.ctx, p) }

func (v view) Next() ([]byte, error) {
	caller, err := v.enter(v.ctx)
	if err != nil {
		return nil, v.opError("read", err)
	}
	return v.nextBy(caller)
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
	w, h, err := v.holdForWriting()
	if err != nil {
		return 0, err
	}
	defer h.end()
	return io.Copy(struct{ io.Writer }{w}, r)
}

func (v view) hold(op string, d *direction) (hold, error) {
	caller, err := v.enter(v.ctx)
	if err != nil {
		return hold{}, v.opError(op, err)
	}
	return v.holdBy(caller, op, d)
}
