package memnet

import "bytes"

// A pipe is one direction of a connection.
type pipe struct {
	received    bytes.Buffer
	messageLens []int     // lengths of the received messages; unixpacket only
	inFlight    []segment // by arrival time; blocked segments have never
	lastArrival int64     // latest arrival time: a segment does not overtake another
	unacked     int       // bytes that were sent and not acknowledged
	acks        []ack     // on their way to the sender, in order
}

// A segment is the data of one write, or a signal.
type segment struct {
	at   int64
	typ  segmentType
	data []byte
}

type segmentType uint8

const (
	dataSegment  segmentType = iota
	finSegment               // the sender has closed its direction
	resetSegment             // the connection was reset
)

// An ack reports to the sender that n bytes were read.
type ack struct {
	at int64
	n  int
}

// send sends a segment to the peer. It is called with the lock.
func (c *conn) send(s segment) {
	s.at = c.arrivalTime(c.port.net.now(), c.out.lastArrival)
	c.transmit(s)
}

// transmit delivers a segment that has arrived, or puts it in flight. It is called with the lock.
func (c *conn) transmit(s segment) {
	now, to := c.port.net.now(), c.peer
	switch {
	case s.at == never:
		s.data = bytes.Clone(s.data)
		c.out.inFlight = append(c.out.inFlight, s)
		return
	case to.closed:
		if s.typ == dataSegment {
			to.answerReset(s.at)
		}
		return
	case s.at <= now && len(c.out.inFlight) == 0:
		to.deliver(s)
	default:
		s.data = bytes.Clone(s.data)
		c.out.inFlight = append(c.out.inFlight, s)
	}
	c.out.lastArrival = s.at
	to.notifyAt(s.at)
}

// arrivalTime returns when something sent now arrives. That is not before last. It is called with
// the lock.
func (c *conn) arrivalTime(now, last int64) int64 {
	switch {
	case c.kind.local() && !c.blocked:
		return max(now, last)
	case c.blocked || c.port.net.blocked:
		return never
	}
	return max(now+c.rand.delay(), last)
}

// answerReset answers data that arrives at a closed side with a reset. It is called with the
// lock.
func (c *conn) answerReset(at int64) {
	if c.kind.local() || c.wasReset {
		return
	}
	c.wasReset = true
	c.transmit(segment{at: max(at+c.rand.delay(), c.out.lastArrival), typ: resetSegment})
}

// deliver processes a segment that has arrived. It is called with the lock.
func (c *conn) deliver(s segment) {
	c.readable = true
	switch s.typ {
	case dataSegment:
		c.in.received.Write(s.data)
		if c.kind == unixPacket {
			c.in.messageLens = append(c.in.messageLens, len(s.data))
		}
	case finSegment:
		c.eofReceived = true
	case resetSegment:
		c.reset()
	}
}

// advance delivers the segments and acknowledgements that have arrived by now.
func (c *conn) advance(now int64) {
	in, k := c.in, 0
	for ; k < len(in.inFlight) && in.inFlight[k].at <= now; k++ {
		c.deliver(in.inFlight[k])
	}
	in.inFlight = dropFirst(in.inFlight, k)
	out := c.out
	for k = 0; k < len(out.acks) && out.acks[k].at <= now; k++ {
		out.unacked -= out.acks[k].n
	}
	if out.acks = dropFirst(out.acks, k); k > 0 {
		c.wakeWriter()
	}
}

// dropFirst removes the first k elements. It releases the memory with the last one.
func dropFirst[T any](s []T, k int) []T {
	if k == len(s) {
		return nil
	}
	clear(s[:k])
	return s[k:]
}

// wakeWriter wakes a waiting writer when a quarter of the buffer is free. So the writer is not
// woken for single bytes. It is called with the lock.
func (c *conn) wakeWriter() {
	if most := c.port.net.cfg.Buffer; c.needsRoom && 4*(most-c.out.unacked) >= most {
		c.needsRoom = false
		c.writable = true
	}
}

// nextArrival returns when the next segment or acknowledgement arrives.
func (c *conn) nextArrival() int64 {
	at := int64(never)
	if len(c.in.inFlight) > 0 {
		at = c.in.inFlight[0].at
	}
	if len(c.out.acks) > 0 {
		at = min(at, c.out.acks[0].at)
	}
	return at
}

// acknowledge sends an ack for n bytes. It is called with the lock.
func (c *conn) acknowledge(n int) {
	net, in, to := c.port.net, c.in, c.peer
	if to.closed {
		return
	}
	now, last := net.now(), int64(0)
	if k := len(in.acks); k > 0 {
		last = in.acks[k-1].at
	}
	at := c.arrivalTime(now, last)
	if at <= now && len(in.acks) == 0 {
		in.unacked -= n
		if to.wakeWriter(); to.writable {
			to.notifyAt(at)
		}
		return
	}
	if k := len(in.acks); k > 0 && last == at {
		in.acks[k-1].n += n
		return
	}
	in.acks = append(in.acks, ack{at, n})
	to.notifyAt(at)
}
