package aiometrics

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/asyncio-go/asyncio"
)

// Write prints the figures of the loops, and of the executors that they have
// called. The utilization is that since the beginning of Run. From any goroutine; it
// takes a hundredth of a second for each loop that is blocked. It returns the error of
// w. A nil loop panics.
func Write(w io.Writer, loops ...*asyncio.Loop) error {
	return write(w, snapshots(loops), nil)
}

// Handler serves what Write prints, with the utilization of the time since the last
// request that is at least a second ago. It answers GET and HEAD. It runs in the
// goroutine of the request, so that it tells of a loop that is blocked too, and has
// no access control: mount it where only those may come who are to see it.
func Handler(loops ...*asyncio.Loop) http.Handler {
	h := &handler{loops: loops}
	h.earlier = snapshots(loops)
	h.base = h.earlier
	return h
}

type handler struct {
	loops []*asyncio.Loop

	mu            sync.Mutex
	base, earlier []snapshot // the utilization is since base; earlier is the last request's that was kept
	kept          time.Time  // when that was
}

// window is how long a utilization is measured over at least.
const window = time.Second

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the metrics can only be read: use GET", http.StatusMethodNotAllowed)
		return
	}
	now := snapshots(h.loops)
	var text bytes.Buffer
	write(&text, now, h.since(now, time.Now()))
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(text.Len()))
	w.Header().Set("Cache-Control", "no-store")
	w.Write(text.Bytes())
}

// since returns the snapshots since which utilizations are measured, and keeps those
// of this request for later ones.
func (h *handler) since(now []snapshot, at time.Time) []snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.Sub(h.kept) >= window {
		h.base, h.earlier, h.kept = h.earlier, now, at
	}
	return h.base
}

// A snapshot is one loop at one moment, by a name that no other loop has.
type snapshot struct {
	name string
	asyncio.Metrics
}

func snapshots(loops []*asyncio.Loop) []snapshot {
	all := make([]snapshot, len(loops))
	taken := map[string]bool{"": true}
	for i, l := range loops {
		m := l.Metrics()
		name := strings.ToValidUTF8(m.Name, invalid)
		for n := i + 1; taken[name]; n++ {
			name = strings.ToValidUTF8(m.Name, invalid) + "#" + strconv.Itoa(n)
		}
		taken[name] = true
		all[i] = snapshot{name, m}
	}
	return all
}
