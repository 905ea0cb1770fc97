package procpool

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

const (
	maxTail  = 64 << 10
	maxTrace = 16 << 10
	maxLine  = 16 << 10 // longer lines are cut
)

// A tail keeps the last bytes written to it. It also keeps the beginning of a trace that is
// longer than these bytes.
type tail struct {
	mu    sync.Mutex
	buf   []byte
	call  int    // the offset in buf at which the call began
	trace string // the beginning of the call's trace, once it has left buf
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - maxTail; n > maxTail {
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
		t.trace = trace[:min(len(trace), maxTrace)]
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-maxTail):])
}

// beginCall marks the beginning of the output of a call.
func (t *tail) beginCall() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call, t.trace = len(t.buf), ""
}

// ofCall returns the kept bytes that were written after beginCall. trace is the beginning of
// a trace that is longer than text.
func (t *tail) ofCall() (text, trace string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keepTrace(len(t.buf) - maxTail)
	return string(t.buf[max(t.call, len(t.buf)-maxTail):]), t.trace
}

// A lines writer calls log for each line.
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
	if l.rest = append(l.rest, p...); len(l.rest) > maxLine {
		l.flush()
	}
	return n, nil
}

// flush logs an unfinished line.
// flush logs an unfinished line.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.log(string(bytes.TrimRight(l.rest, "\r")))
		l.rest = l.rest[:0]
	}
}

// output returns the writer for a stream of the slot's worker: to, or the pool's logger.
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

// A shared writer lets one goroutine at a time write to w. Writers with the same underlying
// writer have the same lock.
type shared struct {
	mu *sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.w.Write(p) // an error of the user's writer must not stop the copy
	return len(p), nil
}
