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

// A socketCleanup closes and reports a socket that has become unreachable without Close. The
// network refers to the socket, and not to the Conn or PacketConn, so the garbage collector
// can free these.
type socketCleanup struct {
	loop   *engine.Loop
	socket socket
	remote net.Addr // nil: not connected
	site   coro.Site
	drops  *dropList
	closed atomic.Bool
}

// track registers a cleanup: when owner becomes unreachable, the socket of e is closed and
// reported. owner contains e. site is the call that made owner.
func track[T any](owner *T, e *endpoint, site coro.Site) {
	e.cleanup = &socketCleanup{loop: e.loop, socket: e.socket, remote: e.remote, site: site, drops: &e.loop.Net.(*state).drops}
	runtime.AddCleanup(owner, (*socketCleanup).dropped, e.cleanup)
}

// weakWatcher is the netport.Watcher of a tracked endpoint. It does not keep the endpoint
// reachable.
type weakWatcher struct{ endpoint weak.Pointer[endpoint] }

func (w weakWatcher) Ready(readable, writable bool) {
	if e := w.endpoint.Value(); e != nil {
		(*endpointWatcher)(e).Ready(readable, writable)
	}
}

var _ netport.Watcher = weakWatcher{}

// dropped is the cleanup function. The runtime calls it in one of its goroutines.
func (f *socketCleanup) dropped() {
	switch {
	case f.closed.Load():
	case f.loop.Bubbled():
		f.drops.add(f)
	default:
		f.loop.Do(f.close)
	}
}

// close closes the socket and reports it, unless it is closed already. It is called on the loop.
func (f *socketCleanup) close() {
	if f.socket.Close() == nil {
		f.report()
	}
}

func (f *socketCleanup) report() {
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

// dropList holds the sockets that became unreachable in virtual time. They are reported at
// the end of the loop, because no goroutine outside the bubble may wake the loop.
type dropList struct {
	mu   sync.Mutex
	list []*socketCleanup
}

func (d *dropList) add(f *socketCleanup) {
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
