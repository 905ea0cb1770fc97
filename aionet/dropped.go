package aionet

import (
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/asyncio-go/asyncio/internal/coro"
	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/netport"
)

// A lifeline closes and reports a socket that the program has dropped without Close. The
// network refers to the socket, not to the Conn or PacketConn, which the collector can
// free so.
type lifeline struct {
	loop   *engine.Loop
	socket socket
	remote net.Addr // nil: not connected
	site   coro.Site
	drops  *dropList
	closed atomic.Bool
}

// track has a socket closed and reported when nothing refers to owner any more, whose
// endpoint e is. It was made at site.
func track[T any](owner *T, e *endpoint, site coro.Site) {
	e.life = &lifeline{loop: e.loop, socket: e.socket, remote: e.remote, site: site, drops: &e.loop.Net.(*state).drops}
	runtime.AddCleanup(owner, (*lifeline).dropped, e.life)
}

// weakWatcher is the side of a tracked endpoint that the network sees.
type weakWatcher struct{ endpoint weak.Pointer[endpoint] }

func (w weakWatcher) Ready(readable, writable bool) {
	if e := w.endpoint.Value(); e != nil {
		(*watcher)(e).Ready(readable, writable)
	}
}

var _ netport.Watcher = weakWatcher{}

// dropped is called in a goroutine of the runtime.
func (f *lifeline) dropped() {
	switch {
	case f.closed.Load():
	case f.loop.Bubbled():
		f.drops.add(f)
	default:
		f.loop.Do(f.close)
	}
}

// close closes the socket and reports it, unless the loop has closed it. On the loop.
func (f *lifeline) close() {
	if f.socket.Close() == nil {
		f.report()
	}
}

func (f *lifeline) report() {
	what := "the socket " + f.socket.LocalAddr().String()
	if f.remote != nil {
		what = "the connection to " + f.remote.String()
	}
	made := f.site.String()
	if !f.loop.HandlerFailed(what, fmt.Errorf("dropped without Close; made at %v; defer its Close there", made)) {
		f.loop.LogLimited(slog.LevelWarn, "aionet: a socket was dropped without Close", engine.LogKey{Site: made},
			"socket", what, "made", made, "advice", "defer conn.Close() where it is made")
	}
}

// dropList is what was dropped in virtual time, where only the loop's end reports it: no
// goroutine from outside may wake the loop.
type dropList struct {
	mu   sync.Mutex
	list []*lifeline
}

func (d *dropList) add(f *lifeline) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, f)
}

func (d *dropList) report() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.list {
		f.report()
	}
}
