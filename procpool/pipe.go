package procpool

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A processPipe reads the data that a process writes to a pipe. Read returns io.EOF when the process
// has ended and the pipe is empty, even if another program still has the other end open.
type processPipe struct {
	file *os.File
	left int // the bytes that may still be read after the end of the process
}

// pipeSize exceeds the default capacity of a pipe.
const pipeSize = 1 << 20

func newProcessPipe(f *os.File) *processPipe { return &processPipe{file: f, left: pipeSize} }

// Read implements io.Reader.
func (p *processPipe) Read(b []byte) (int, error) {
	n, err := p.file.Read(b)
	if !errors.Is(err, os.ErrDeadlineExceeded) { // processEnded sets the deadline
		return n, err
	}
	n = readNow(p.file, b[:min(len(b), p.left)])
	p.left -= n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// processEnded is called when the process has ended. Read does not block from then on.
func (p *processPipe) processEnded() {
	if p.file.SetReadDeadline(time.Unix(1, 0)) != nil {
		time.AfterFunc(outputDelay, func() { p.file.Close() }) // the system has no deadlines for pipes
	}
}

// outputDelay bounds the wait for the output of a worker that has ended. The wait is that long if the
// user's writer blocks, or if the system has no deadlines for pipes.
const outputDelay = time.Second

// An output holds the pipes of the standard output and the standard error of a process.
type output struct {
	ours   [2]*processPipe
	theirs [2]*os.File
	copied sync.WaitGroup
}

func newOutput(cmd *exec.Cmd) (*output, error) {
	o := &output{}
	for i := range o.ours {
		r, w, err := os.Pipe()
		if err != nil {
			o.started()
			o.close()
			return nil, err
		}
		o.ours[i], o.theirs[i] = newProcessPipe(r), w
	}
	cmd.Stdout, cmd.Stderr = o.theirs[0], o.theirs[1]
	return o, nil
}

// started closes the ends that only the process uses.
func (o *output) started() {
	for _, f := range o.theirs {
		f.Close()
	}
}

// close closes the pool's ends. It is called if the process was not started.
func (o *output) close() {
	for _, p := range o.ours {
		if p != nil {
			p.file.Close()
		}
	}
}

// copyTo starts two goroutines. They copy the output of the process, and close the pipes at the end.
func (o *output) copyTo(stdout io.Writer, tail *tail, stderr io.Writer) {
	for i, to := range [][]io.Writer{{stdout}, {tail, stderr}} {
		o.copied.Go(func() {
			defer o.ours[i].file.Close()
			io.Copy(io.MultiWriter(to...), o.ours[i])
			if l, ok := to[len(to)-1].(*lines); ok {
				l.flush() // a last line without a newline
			}
		})
	}
}

// processEnded is called when the process has ended. It blocks until the output is read, or for
// outputDelay.
func (o *output) processEnded() {
	for _, p := range o.ours {
		p.processEnded()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.copied.Wait()
	}()
	timer := time.NewTimer(outputDelay)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
