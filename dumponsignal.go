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

// DumpOnSignal makes the program print the state of its loops each time it receives sig.
// For each running loop it prints what Loop.Dump writes, to the value of os.Stderr at the
// time of the call. It works while loops are blocked. The program continues: the signal
// loses its default effect, such as ending the program.
//
// stop ends the dumps. A dump in progress is completed. A second call of stop does nothing.
// A second DumpOnSignal for the same signal adds no output, and the dumps continue until
// both are stopped. DumpOnSignal and stop may be called from any goroutine. DumpOnSignal
// panics if sig is nil.
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

// dumpers holds the active dumper of each signal.
var dumpers struct {
	sync.Mutex
	of map[os.Signal]*dumper
}

type dumper struct {
	sig     os.Signal
	w       io.Writer
	signals chan os.Signal
	users   int // guarded by dumpers
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
