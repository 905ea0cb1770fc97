package memnet

import "bytes"

// pipe is one direction of a connection.
type pipe struct {
	arrived bytes.Buffer
	ends    []int     // of messages, where one call reads and writes one: their lengths
	flying  []segment // in order; what was sent while nothing passed arrives never
	last    int64     // when the latest arrives: nothing overtakes
	size    int       // bytes sent that the sender does not know to have been read
	acks    []ack     // under way to the sender, in order
}

// segment is what is sent at once.
type segment struct {
	at   int64
	sign sign
	data []byte
}

type sign uint8

const (
	bytesOf sign = iota
	fin          // nothing more will come
	rst          // the connection is no more
)

// ack is the news that n bytes were read.
type ack struct {
	at int64
	n  int
}

// send sends a segment to the other side. With the lock.
func (e *end) send(s segment) {
	s.at = e.arrival(e.port.net.now(), e.out.last)
	e.launch(s)
}

// launch has a segment arrive at its time. With the lock.
func (e *end) launch(s segment) {
	now, to := e.port.net.now(), e.peer
	switch {
	case s.at == never:
		s.data = bytes.Clone(s.data)
		e.out.flying = append(e.out.flying, s)
		return
	case to.closed:
		if s.sign == bytesOf {
			to.answer(s.at)
		}
		return
	case s.at <= now && len(e.out.flying) == 0:
		to.receive(s)
	default:
		s.data = bytes.Clone(s.data)
		e.out.flying = append(e.out.flying, s)
	}
	e.out.last = s.at
	to.expect(s.at)
}

// arrival is when what is sent now arrives, not before last. With the lock.
func (e *end) arrival(now, last int64) int64 {
	switch {
	case e.kind.local() && !e.cut:
		return max(now, last)
	case e.cut || e.port.net.cut:
		return never
	}
	return max(now+e.dice.delay(), last)
}

// answer is what a closed end says to data that arrives at the given time: that it is
// no more. With the lock.
func (e *end) answer(at int64) {
	if e.kind.local() || e.dead {
		return
	}
	e.dead = true
	e.launch(segment{at: max(at+e.dice.delay(), e.out.last), sign: rst})
}

// receive takes in what has arrived. With the lock.
func (e *end) receive(s segment) {
	e.readable = true
	switch s.sign {
	case bytesOf:
		e.in.arrived.Write(s.data)
		if e.kind == unixPacket {
			e.in.ends = append(e.in.ends, len(s.data))
		}
	case fin:
		e.fin = true
	case rst:
		e.reset()
	}
}

// settle takes in what has arrived by now, and learns what the other side has read.
func (e *end) settle(now int64) {
	in, k := e.in, 0
	for ; k < len(in.flying) && in.flying[k].at <= now; k++ {
		e.receive(in.flying[k])
	}
	in.flying = cutFront(in.flying, k)
	out := e.out
	for k = 0; k < len(out.acks) && out.acks[k].at <= now; k++ {
		out.size -= out.acks[k].n
	}
	if out.acks = cutFront(out.acks, k); k > 0 {
		e.room()
	}
}

// cutFront removes the first k, and the memory with the last.
func cutFront[T any](s []T, k int) []T {
	if k == len(s) {
		return nil
	}
	clear(s[:k])
	return s[k:]
}

// room tells a writer that was refused as soon as a quarter of the buffer is free, so
// that it is not woken for single bytes. With the lock.
func (e *end) room() {
	if most := e.port.net.cfg.Buffer; e.blocked && 4*(most-e.out.size) >= most {
		e.blocked = false
		e.writable = true
	}
}

// due is when the next thing arrives.
func (e *end) due() int64 {
	at := int64(never)
	if len(e.in.flying) > 0 {
		at = e.in.flying[0].at
	}
	if len(e.out.acks) > 0 {
		at = min(at, e.out.acks[0].at)
	}
	return at
}

// acknowledge tells the sender that n bytes were read. With the lock.
func (e *end) acknowledge(n int) {
	net, in, to := e.port.net, e.in, e.peer
	if to.closed {
		return
	}
	now, last := net.now(), int64(0)
	if k := len(in.acks); k > 0 {
		last = in.acks[k-1].at
	}
	at := e.arrival(now, last)
	if at <= now && len(in.acks) == 0 {
		in.size -= n
		if to.room(); to.writable {
			to.expect(at)
		}
		return
	}
	if k := len(in.acks); k > 0 && last == at {
		in.acks[k-1].n += n
		return
	}
	in.acks = append(in.acks, ack{at, n})
	to.expect(at)
}
