package procpool

import (
	"errors"
	"os"
)

// A channel carries the frames between the pool and one worker. It has a pipe for each
// direction. A pair of sockets would wake the sender whenever the receiver reads.
//
// On Linux, large bodies pass through shared memory. The pool writes an argument with
// putMemory, and the worker reads it with takeMemory. The worker writes a result with
// sendMemory, and the pool reads it with getMemory. The worker writes the number of the
// task that it begins with recordBegun, which reports whether there is shared memory. The
// pool reads the number with lastBegun.
type channel struct {
	in  *processPipe
	out *os.File
	memory
}

var errNoMemory = errors.New("no shared memory")

// newChannel returns the pool's end, and the worker's end without the memory.
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

// closeWrite closes the pipe to the other side, which then reads io.EOF.
func (c *channel) closeWrite() { c.out.Close() }

// close ends the reads and writes of this side. The memory stays mapped.
func (c *channel) close() {
	c.in.file.Close()
	c.out.Close()
	c.closeFiles()
}
