package procpool

import (
	"errors"
	"os"
)

// A channel carries the frames: a pipe each way, and each side has an end of both. A
// pair of sockets would do, but who takes a frame from a socket wakes the one who
// sent it, for nothing.
//
// Large bodies go through memory that both sides share, where the system has it.
// putMemory is the pool's side of an argument and takeMemory the worker's; sendMemory
// is the worker's side of a result and getMemory the pool's. By note a worker leaves
// word there which task it has begun, and reports whether it could; the pool asks by
// noted when the worker has died.
type channel struct {
	in  *processPipe
	out *os.File
	memory
}

var errNoMemory = errors.New("there is no shared memory")

// newChannel returns the pool's end, and the worker's without the memory.
func newChannel() (ours, theirs *channel, err error) {
	ours, theirs = &channel{}, &channel{}
	answers, tasks := (*os.File)(nil), (*os.File)(nil)
	if answers, theirs.out, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	if tasks, ours.out, err = os.Pipe(); err != nil {
		answers.Close()
		theirs.out.Close()
		return nil, nil, err
	}
	ours.in, theirs.in = newProcessPipe(answers), newProcessPipe(tasks)
	return ours, theirs, nil
}

func (c *channel) Read(b []byte) (int, error)  { return c.in.Read(b) }
func (c *channel) Write(b []byte) (int, error) { return c.out.Write(b) }

// closeWrite has the other side read the end.
func (c *channel) closeWrite() { c.out.Close() }

// close ends the reads and writes of this side. The memory stays mapped.
func (c *channel) close() {
	c.in.file.Close()
	c.out.Close()
	c.closeFiles()
}
