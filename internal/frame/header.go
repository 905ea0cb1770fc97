package frame

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// HelloHeader is the header of a Hello frame.
type HelloHeader struct {
	Version int64
	Pid     int64
	Build   string // the ID of the build of the program
}

// CallHeader is the header of a Task frame.
type CallHeader struct {
	ID     string
	Func   string
	Left   time.Duration // until the deadline; 0: no deadline
	Shared int64         // the length of the argument in shared memory
}

// Report is the header of a Progress frame.
type Report struct {
	Done, Total int64
	Note        string
}

func (h HelloHeader) Append(b []byte) []byte {
	return appendString(appendInts(b, h.Version, h.Pid), h.Build)
}

func (h CallHeader) Append(b []byte) []byte {
	b = slices.Grow(b, 4*binary.MaxVarintLen64+len(h.ID)+len(h.Func))
	return appendString(appendString(appendInts(b, int64(h.Left), h.Shared), h.ID), h.Func)
}

func (h Report) Append(b []byte) []byte {
	return appendString(appendInts(b, h.Done, h.Total), h.Note)
}

func ParseHello(b []byte) (h HelloHeader, err error) {
	p := parser{b: b}
	h = HelloHeader{p.int(), p.int(), p.string()}
	return h, p.end()
}

func ParseCall(b []byte) (h CallHeader, err error) {
	p := parser{b: b}
	h.Left, h.Shared = time.Duration(p.int()), p.int()
	h.ID, h.Func = p.string(), p.string()
	return h, p.end()
}

func ParseReport(b []byte) (h Report, err error) {
	p := parser{b: b}
	h = Report{p.int(), p.int(), p.string()}
	return h, p.end()
}

func appendInts(b []byte, ints ...int64) []byte {
	for _, i := range ints {
		b = binary.AppendVarint(b, i)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// A parser removes values from the front of b.
type parser struct {
	b   []byte
	bad bool // a value was missing or invalid
}

var errHeader = errors.New("frame: the header has a missing value or extra bytes")

func (p *parser) int() int64 {
	v, n := binary.Varint(p.b)
	if n <= 0 {
		p.bad, n = true, 0
	}
	p.b = p.b[n:]
	return v
}

func (p *parser) string() string {
	size, n := binary.Uvarint(p.b)
	if n <= 0 || size > uint64(len(p.b)-n) {
		p.bad = true
		return ""
	}
	s := string(p.b[n : n+int(size)])
	p.b = p.b[n+int(size):]
	return s
}

func (p *parser) end() error {
	if p.bad || len(p.b) > 0 {
		return errHeader
	}
	return nil
}
