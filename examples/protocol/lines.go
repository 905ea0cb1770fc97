package main

import (
	"bytes"
	"errors"
)

// lines cuts a stream into lines, which end with \n or \r\n. It keeps what has been fed
// and not taken: a line of at most max bytes, and what came with it.
type lines struct {
	max  int
	rest []byte
}

var errLineTooLong = errors.New("line too long")

// feed adds bytes, which it copies.
func (l *lines) feed(p []byte) { l.rest = append(l.rest, p...) }

// next takes a line without its end. The line is valid until the next feed. ok is false
// when there is no whole line, err is set when it is longer than max already: then there
// is no use in going on.
func (l *lines) next() (line []byte, ok bool, err error) {
	end := bytes.IndexByte(l.rest, '\n')
	if end < 0 {
		if len(l.rest) > l.max+1 { // the last may be \r
			return nil, false, errLineTooLong
		}
		return nil, false, nil
	}
	line = bytes.TrimSuffix(l.rest[:end], []byte("\r"))
	if len(line) > l.max {
		return nil, false, errLineTooLong
	}
	if l.rest = l.rest[end+1:]; len(l.rest) == 0 {
		l.rest = nil // whoever is silent keeps no buffer
	}
	return line, true, nil
}
