package procpool

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// pipes is a channel over the worker's standard input and output; what the worker
// prints goes to its standard error.
type pipes struct {
	io.Reader
	io.WriteCloser
	memory
}

func (p *pipes) CloseWrite() error { return p.WriteCloser.Close() }

func (p *pipes) Close() error {
	err := p.WriteCloser.Close()
	if c, ok := p.Reader.(io.Closer); ok {
		c.Close()
	}
	return err
}

type memory struct{}

func startWithChannel(cmd *exec.Cmd) (channel, error) {
	cmd.Stdout = nil
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		r.Close()
		return nil, err
	}
	return &pipes{Reader: r, WriteCloser: in}, nil
}

func workerChannel() (channel, error) {
	ch := &pipes{Reader: os.Stdin, WriteCloser: os.Stdout}
	os.Stdout = os.Stderr
	return ch, nil
}

func isEnd(err error) bool {
	return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.ERROR_BROKEN_PIPE)
}

func supported(o Options) error {
	switch {
	case o.MemoryLimit > 0:
		return errors.New("procpool: Options.MemoryLimit is not supported on windows")
	case o.Nice > 0:
		return errors.New("procpool: Options.Nice is not supported on windows")
	}
	return nil
}

func executable() (string, error) { return os.Executable() }

func awaitExit(int) {}

func applyLimits(orders) error { return nil }

func killGroupOf(int) {} // there are no process groups: the worker alone is killed

func killGroup() {}

func signalOf(*os.ProcessState) syscall.Signal { return 0 }

func maxRSS(*os.ProcessState) int64 { return 0 }

func rss(int) int64 { return 0 }
