package asyncio

import (
	"os"

	"github.com/asyncio-go/asyncio/internal/engine"
	"github.com/asyncio-go/asyncio/internal/flight"
)

// WithFlightRecorder has the loop keep a trace of the last seconds of the whole
// program, and write it to a file in dir when there is a stall: at its first report,
// while the loop is blocked. The file's path is in the report, see Stall.TraceFile, and
// "go tool trace" shows it. An empty dir is os.TempDir(); dir has to be there.
//
// It is a runtime/trace.FlightRecorder that runs as long as Run. The trace holds 10
// seconds, or less if they are more than some 8 MB, but at least the last second. A step
// costs 0.1 microseconds more, and the recorder some MB of memory, up to 100 MB where the
// program switches millions of times a second. A file is as large; it takes milliseconds to
// write, which hold up the report and not the loop. The programs that do not call this
// function do not hold its code.
//
// Of the files that a Run has written, the newest 5 stay, and of those at most 256 MB and
// the newest; older ones are removed. They are not removed at the end. Their names begin with
// asyncio-stall, and hold the loop's name, the process and the time; no two are the same.
// Only the user may read them. A file that is being written ends in ".unfinished".
//
// A process can have one flight recorder. The loops of a process share it; one that the
// program has started itself, or a dir in which nothing can be written, is told in the log
// when the loop starts, which then goes on without. runtime/trace.Start goes together with it. A
// file that cannot be written later is told in the log, too. Without the watch, and in a
// testing/synctest bubble, nothing is recorded.
func WithFlightRecorder(dir string) Option {
	return func(c *engine.Config) {
		c.StartFlight = func(c *engine.Config) (engine.Flight, error) {
			where := dir
			if where == "" {
				where = os.TempDir()
			}
			r, err := flight.Start(where, c.Name, c.StallThreshold)
			if err != nil {
				return nil, err
			}
			return r, nil
		}
	}
}
