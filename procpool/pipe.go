package procpool

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A processPipe reads what a process writes to a pipe. It ends when the process has ended and the
// pipe is empty. Programs that the process started and that hold the other end open do not keep it
// open.
type processPipe struct {
	file *os.File
	left int // how much is read at most after the end of the process
}

// pipeSize is more than a pipe holds, unless a program has changed that.
const pipeSize = 1 << 20

func newProcessPipe(f *os.File) *processPipe { return &processPipe{file: f, left: pipeSize} }

// Read implements io.Reader.
func (p *processPipe) Read(b []byte) (int, error) {
	n, err := p.file.Read(b)
	if !errors.Is(err, os.ErrDeadlineExceeded) { // that of processEnded
		return n, err
	}
	n = readNow(p.file, b[:min(len(b), p.left)])
	p.left -= n
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// processEnded is called when the process has ended. Read does not wait from then on.
func (p *processPipe) processEnded() {
	if p.file.SetReadDeadline(time.Unix(1, 0)) != nil {
		time.AfterFunc(outputDelay, func() { p.file.Close() }) // the system knows no deadlines here
	}
}

// outputDelay is how long the end of a worker is held up by its output: a writer of the user's, or a
// system without deadlines for pipes.
const outputDelay = time.Second

// An output is the pipes behind the standard output and the standard error of a process.
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

// started closes what only the process needs.
func (o *output) started() {
	for _, f := range o.theirs {
		f.Close()
	}
}

// close is for a process that was not started.
func (o *output) close() {
	for _, p := range o.ours {
		if p != nil {
			p.file.Close()
		}
	}
}

// copyTo has two goroutines copy what the process prints, and close the pipes.
func (o *output) copyTo(stdout io.Writer, tail *tail, stderr io.Writer) {
	for i, to := range [][]io.Writer{{stdout}, {tail, stderr}} {
		o.copied.Go(func() {
			defer o.ours[i].file.Close()
			io.Copy(io.MultiWriter(to...), o.ours[i])
			if l, ok := to[len(to)-1].(*lines); ok {
				l.flush() // a last line without an end
			}
		})
	}
}

// processEnded is called when the process has ended. It returns when its output was read, or after
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
