package procpool

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

const (
	tailLen  = 64 << 10
	traceLen = 16 << 10
	lineLen  = 16 << 10 // longer lines are cut
)

// tail keeps the last bytes written to it, and where in them the call began. A trace
// of many goroutines may be longer: of that it keeps the beginning too.
type tail struct {
	mu    sync.Mutex
	buf   []byte
	call  int
	trace string // what the call printed from the runtime's last message on
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - tailLen; n > tailLen {
		t.keepTrace(n)
		t.buf = append(t.buf[:0], t.buf[n:]...)
		t.call = max(0, t.call-n)
	}
	return len(p), nil
}

// keepTrace keeps the beginning of the call's trace if the trace begins before position.
func (t *tail) keepTrace(position int) {
	if t.trace != "" || t.call >= position {
		return
	}
	if message, trace := fatalOf(string(t.buf[t.call:])); message != "" && len(t.buf)-len(trace) < position {
		t.trace = trace[:min(len(trace), traceLen)]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-tailLen):])
}

// begin marks that a call begins here.
func (t *tail) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call, t.trace = len(t.buf), ""
}

// ofCall returns what was written since, as far as it is kept; trace is the beginning
// of a trace that is longer than that.
func (t *tail) ofCall() (text, trace string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keepTrace(len(t.buf) - tailLen)
	return string(t.buf[max(t.call, len(t.buf)-tailLen):]), t.trace
}

// lines logs what a worker prints, line by line.
type lines struct {
	log  func(line string)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		l.rest = append(l.rest, p[:i]...)
		l.flush()
		p = p[i+1:]
	}
	if l.rest = append(l.rest, p...); len(l.rest) > lineLen {
		l.flush()
	}
	return n, nil
}

func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.log(string(bytes.TrimRight(l.rest, "\r")))
		l.rest = l.rest[:0]
	}
}

// output returns where what the slot's worker prints on one stream goes.
func (s *slot) output(name string, to io.Writer) io.Writer {
	if to != nil {
		return to
	}
	return &lines{log: func(line string) {
		call, fn := s.current()
		s.pool.opts.logger().LogAttrs(context.Background(), slog.LevelInfo, line,
			slog.Int("worker", s.id), slog.String("stream", name), slog.String("func", fn), slog.String("call", call))
	}}
}

// shared lets the workers' goroutines write in turn to writers that may be the same.
type shared struct {
	mu *sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.w.Write(p) // if the user's writer fails, the worker must not
	return len(p), nil
}
