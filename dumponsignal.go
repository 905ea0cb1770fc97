package asyncio

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/asyncio-go/asyncio/internal/engine"
)

// DumpOnSignal has the program print, whenever it receives sig, what its loops are
// doing: for each loop that runs what Dump writes, and so the tree of tasks, who awaits
// whom and where, who waits for each other in a ring, and what blocks the loop. It goes
// to what os.Stderr is at the time of the call. It works while loops are blocked. The
// program goes on; what the signal does otherwise, such as ending the program, it does no
// more.
//
// stop ends that; a dump under way is printed to its end. It may be called more than
// once. A second DumpOnSignal of the same signal prints nothing more, and the dumps go on
// until both are stopped. It panics if sig is nil. From any goroutine.
func DumpOnSignal(sig os.Signal) (stop func()) {
	if sig == nil {
		panic("asyncio: DumpOnSignal: nil signal")
	}
	dumpers.Lock()
	defer dumpers.Unlock()
	d := dumpers.of[sig]
	if d == nil {
		d = &dumper{sig: sig, w: os.Stderr, signals: make(chan os.Signal, 1)}
		if dumpers.of == nil {
			dumpers.of = map[os.Signal]*dumper{}
		}
		dumpers.of[sig] = d
		signal.Notify(d.signals, sig)
		go d.run()
	}
	d.users++
	var once sync.Once
	return func() { once.Do(d.leave) }
}

// dumpers are those at work.
var dumpers struct {
	sync.Mutex
	of map[os.Signal]*dumper
}

type dumper struct {
	sig     os.Signal
	w       io.Writer
	signals chan os.Signal
	users   int // behind the lock of dumpers
}

func (d *dumper) leave() {
	dumpers.Lock()
	defer dumpers.Unlock()
	if d.users--; d.users == 0 {
		delete(dumpers.of, d.sig)
		signal.Stop(d.signals) // nothing is sent from here on
		close(d.signals)
	}
}

func (d *dumper) run() {
	for range d.signals {
		loops := engine.Live()
		var b strings.Builder
		fmt.Fprintf(&b, "asyncio: signal %q: %d event loop(s)\n", d.sig, len(loops))
		for _, l := range loops {
			l.Dump(&b)
		}
		io.WriteString(d.w, b.String())
	}
}
