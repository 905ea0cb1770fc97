// Package frame implements the wire protocol between a pool and its worker processes. A frame
// has a header that the package encodes, and a body that it does not interpret.
//
//	mark 0xA1C0 | kind, flags: a byte each | header length: 4 bytes | body length: 8 bytes | task: 8 bytes | header | body
//
// Numbers are little endian. The mark detects other data, which a function may have written
// to the channel by mistake.
package frame

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
)

// Kind is the kind of a frame. In the comments below w is the worker and p the pool.
type Kind uint8

const (
	Hello    Kind = 1 + iota // w->p: ready; header Hello
	Task                     // p->w: run a function; header Call, body the argument
	Started                  // w->p: the task has begun; sent only without shared memory
	Progress                 // w->p: header Report
	Result                   // w->p: body the result
	Failure                  // w->p: body the error
	Cancel                   // p->w: cancel the task's ctx; body the cause, encoded
	lastKind = Cancel
)

func (k Kind) String() string {
	names := [...]string{"", "hello", "task", "started", "progress", "result", "failure", "cancel"}
	if k == 0 || int(k) >= len(names) {
		return fmt.Sprintf("Kind(%d)", uint8(k))
	}
	return names[k]
}

// Flags of a frame.
const (
	// InMemory means that the body is in shared memory, not in the frame.
	InMemory uint8 = 1 << iota
	// Panicked means that the failure is a panic.
	Panicked
	knownFlags = InMemory | Panicked
)

// A Frame is one message.
type Frame struct {
	Kind   Kind
	Flags  uint8
	Task   uint64
	Header []byte
	Body   []byte
}

const (
	mark      = 0xA1C0
	headLen   = 24
	maxHeader = 1 << 20
	maxError  = 64 << 20 // an encoded error has at most a few MiB
	joinBelow = 32 << 10 // a body up to this size is written together with its header
)

// ErrTooLarge is returned for a frame with a body above the limit.
var ErrTooLarge = errors.New("frame: above the limit")

// Append appends the frame to b. If joined is false, it has not appended the body, because the
// body is large. The caller must write the body after b.
func Append(b []byte, f Frame) (_ []byte, joined bool) {
	size := headLen + len(f.Header)
	joined = len(f.Body) <= joinBelow
	if joined {
		size += len(f.Body)
	}
	b = slices.Grow(b, size)
	b = binary.LittleEndian.AppendUint16(b, mark)
	b = append(b, byte(f.Kind), f.Flags)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.Header)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(f.Body)))
	b = binary.LittleEndian.AppendUint64(b, f.Task)
	b = append(b, f.Header...)
	if joined {
		b = append(b, f.Body...)
	}
	return b, joined
}

// Write writes the frame to w.
func Write(w io.Writer, f Frame) error {
	b, joined := Append(nil, f)
	if joined {
		_, err := w.Write(b)
		return err
	}
	parts := net.Buffers{b, f.Body}
	_, err := parts.WriteTo(w)
	return err
}

// A Reader reads frames. After an error it must not be used again.
type Reader struct {
	r     *bufio.Reader
	limit int64
	body  int64 // the unread bytes of the last frame's body
}

// NewReader returns a reader that returns ErrTooLarge for arguments and results above limit
// bytes. For errors and causes the limit is 64 MiB.
func NewReader(r io.Reader, limit int64) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 16<<10), limit: limit}
}

// Next reads a frame without its body. Body reads the body, and must be called before the
// following Next if there is one. Next returns io.EOF at the end of the input,
// io.ErrUnexpectedEOF in the middle of a frame, ErrTooLarge for a body above the limit, and
// another error for data that is not a frame.
func (r *Reader) Next() (Frame, error) {
	if r.body > 0 {
		return Frame{}, errors.New("frame: the body of the last frame was not read")
	}
	var head [headLen]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{Kind: Kind(head[2]), Flags: head[3], Task: binary.LittleEndian.Uint64(head[16:])}
	limit := r.limit
	if f.Kind == Failure || f.Kind == Cancel {
		limit = maxError
	}
	header, body := binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint64(head[8:])
	switch {
	case binary.LittleEndian.Uint16(head[:]) != mark, f.Kind == 0, f.Kind > lastKind, f.Flags&^knownFlags != 0, header > maxHeader:
		return Frame{}, fmt.Errorf("frame: %q is not the beginning of a frame", head[:])
	case body > uint64(limit):
		return f, fmt.Errorf("%w: %v of %d bytes, the limit is %d", ErrTooLarge, f.Kind, body, limit)
	}
	if header > 0 {
		f.Header = make([]byte, header)
		if _, err := io.ReadFull(r.r, f.Header); err != nil {
			return Frame{}, unexpected(err)
		}
	}
	r.body = int64(body)
	return f, nil
}

// Body reads the body of the frame that Next returned. A second call returns nil.
func (r *Reader) Body() ([]byte, error) {
	if r.body == 0 {
		return nil, nil
	}
	b := make([]byte, r.body)
	r.body = 0
	if _, err := io.ReadFull(r.r, b); err != nil {
		return nil, unexpected(err)
	}
	return b, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
