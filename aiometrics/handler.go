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

// Write writes the metrics of the loops, and of the executors that they have called. The
// utilization is measured since the beginning of Run. Write may be called from any
// goroutine. It takes 10 ms for each loop that is blocked. It returns the error of w. It
// panics for a nil loop.
func Write(w io.Writer, loops ...*asyncio.Loop) error {
	return write(w, snapshots(loops), nil)
}

// Handler returns a handler that serves the output of Write to GET and HEAD requests. The
// utilization is measured since the last request that is at least a second old. The handler
// runs in the goroutine of the request, so it also works while a loop is blocked. It has no
// access control: do not mount it on a public address.
func Handler(loops ...*asyncio.Loop) http.Handler {
	h := &handler{loops: loops}
	h.earlier = snapshots(loops)
	h.base = h.earlier
	return h
}

type handler struct {
	loops []*asyncio.Loop

	mu            sync.Mutex
	base, earlier []snapshot // the utilization is measured since base; earlier is the next base
	kept          time.Time  // the time of earlier
}

// window is the minimum time over which the utilization is measured.
const window = time.Second

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed: use GET or HEAD", http.StatusMethodNotAllowed)
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

// since returns the snapshots since which the utilization is measured. If window has passed,
// it keeps the snapshots of this request for later ones.
func (h *handler) since(now []snapshot, at time.Time) []snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at.Sub(h.kept) >= window {
		h.base, h.earlier, h.kept = h.earlier, now, at
	}
	return h.base
}

// A snapshot is the metrics of a loop, and a name that no other loop has.
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
