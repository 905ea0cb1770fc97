package procpool

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// startWithChannel starts the command with the channel as its standard input and output.
// The worker prints to its standard error.
func startWithChannel(cmd *exec.Cmd) (*channel, error) {
	ours, theirs, err := newChannel()
	if err != nil {
		return nil, err
	}
	defer theirs.close()
	cmd.Stdin, cmd.Stdout = theirs.in.file, theirs.out
	if err := cmd.Start(); err != nil {
		ours.close()
		return nil, err
	}
	return ours, nil
}

// workerChannel returns the worker's end.
// workerChannel returns the worker's end.
func workerChannel() (*channel, error) {
	c := &channel{in: newProcessPipe(os.Stdin), out: os.Stdout}
	os.Stdout = os.Stderr
	return c, nil
}

// An attempt writes nothing, because a write to a pipe may block.
type attempt struct{}

func newAttempt(*os.File) *attempt { return &attempt{} }

func (*attempt) write([]byte) int { return 0 }

// readNow reads nothing. It is not called, because pipes have no deadlines on Windows.
func readNow(*os.File, []byte) int { return 0 }

// memory is empty: there is no shared memory on Windows.
type memory struct{}

func (memory) closeFiles() {}

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

func awaitExit(int, func(stopped bool)) bool { return false }

func applyLimits(workerConfig) error { return nil }

func killGroupOf(int) {} // Windows has no process groups

func killGroup() {}

func signalOf(*os.ProcessState) syscall.Signal { return 0 }

func maxRSS(*os.ProcessState) int64 { return 0 }

func rss(int) int64 { return 0 }

func handleHangup(int) {}
