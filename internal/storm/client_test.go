package storm

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"syscall"
)

// client makes several connections, one after the other.
func (r *round) client(rng *rand.Rand) {
	for i := range r.visits {
		last := i == r.visits-1
		r.visit(rng, last)
	}
}

// A visit is one connection of a client.
type visit struct {
	r        *round
	rng      *rand.Rand
	conn     net.Conn
	in       *bufio.Reader
	promised bool // the connection was made before Shutdown began, so the answers are guaranteed
	sent     []header
	received int
}

func (r *round) visit(rng *rand.Rand, last bool) {
	kind := kinds[rng.IntN(len(kinds))]
	if kind.lingers && (!last || r.starved) {
		kind = kinds[0]
	}
	if r.slots != nil {
		r.slots <- struct{}{}
		defer func() { <-r.slots }()
	}
	conn, err := net.Dial(r.network, r.addr)
	v := &visit{r: r, rng: rng, conn: conn, promised: r.behavior != cut}
	select {
	case <-r.shutdown:
		v.promised = false
	default:
	}
	if r.started.Add(1) == r.start {
		close(r.shutdown)
	}
	if err != nil {
		r.refused(v.promised, err)
		return
	}
	r.counts.connected.Add(1)
	defer conn.Close()
	v.in = bufio.NewReader(conn)
	if err := kind.run(v); err != nil {
		v.failed(kind.name, err)
	}
}

// refused counts the error of a Dial, or records a violation.
func (r *round) refused(promised bool, err error) {
	r.counts.refused.Add(1)
	full := errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
	if promised && !(r.starved && full) {
		r.violate("a connection before Shutdown: %v", err)
	}
}

// failed counts the error of a visit, or records a violation.
func (v *visit) failed(kind string, err error) {
	var wrong *wrongAnswer
	switch {
	case errors.As(err, &wrong):
		v.r.violate("a %s client: %v", kind, err)
	case !v.promised:
		v.r.counts.cut.Add(1)
	case v.r.behavior == leave && v.received > 0 && v.mayEndEarly(err):
		v.r.counts.cut.Add(1)
	case v.r.network == "tcp" && v.received == 0 && v.mayEndEarly(err):
		v.r.counts.late.Add(1)
	default:
		v.r.violate("a %s client, which connected before Shutdown, received %d of %d answers: %v", kind, v.received, len(v.sent), err)
	}
}

// mayEndEarly reports whether err is allowed for the client of a handler that returned between two
// requests after Shutdown has begun.
func (v *visit) mayEndEarly(err error) bool {
	select {
	case <-v.r.shutdown:
	default:
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

// A wrongAnswer is an error that violates the rules in every round.
type wrongAnswer struct{ text string }

func (w *wrongAnswer) Error() string { return w.text }

// send writes a request with a body and an answer of up to the given sizes.
func (v *visit) send(size, reply int) error {
	q := header{v.rng.Uint32(), uint32(v.rng.IntN(size + 1)), uint32(v.rng.IntN(reply + 1))}
	v.sent = append(v.sent, q)
	_, err := v.conn.Write(append(q.append(nil), fill(q.ID, q.Size)...))
	return err
}

// receive reads the answer to the oldest request that has none.
func (v *visit) receive() error {
	q := v.sent[v.received]
	a, err := readHeader(v.in)
	if err != nil {
		return err
	}
	if sum := crc32.ChecksumIEEE(fill(q.ID, q.Size)); a != (header{q.ID, q.Sum, sum}) {
		return &wrongAnswer{fmt.Sprintf("the answer to %v is %v, want checksum %d", q, a, sum)}
	}
	body := make([]byte, a.Size)
	if _, err := io.ReadFull(v.in, body); err != nil {
		return err
	}
	if string(body) != string(fill(q.ID, q.Sum)) {
		return &wrongAnswer{fmt.Sprintf("the answer to %v has a wrong body", q)}
	}
	v.received++
	v.r.counts.received.Add(1)
	return nil
}

// ended reads the end of the stream. A further byte is a wrong answer.
func (v *visit) ended() error {
	switch b, err := v.in.ReadByte(); {
	case err == nil:
		return &wrongAnswer{fmt.Sprintf("byte %#x after the last answer", b)}
	case err != io.EOF:
		return err
	}
	return nil
}

const few = 4

// kinds are the kinds of clients. A kind that is listed several times is chosen more often.
var kinds = []struct {
	name    string
	run     func(v *visit) error
	lingers bool // stays connected until Shutdown has begun
}{
	{"patient", patient, false},
	{"patient", patient, false},
	{"patient", patient, false},
	{"pipelining", pipelining, false},
	{"half-closing", halfClosing, false},
	{"half-closing", halfClosing, false},
	{"slow", slow, false},
	{"resetting", resetting, false},
	{"leaving", leaving, false},
	{"silent", silent, true},
}

// patient sends each request after the answer to the one before.
func patient(v *visit) error {
	for range 1 + v.rng.IntN(few) {
		if err := v.send(4000, 4000); err != nil {
			return err
		}
		if err := v.receive(); err != nil {
			return err
		}
	}
	return nil
}

// pipelining sends its requests at once.
func pipelining(v *visit) error {
	n := 1 + v.rng.IntN(few)
	for range n {
		if err := v.send(2000, 2000); err != nil {
			return err
		}
	}
	for range n {
		if err := v.receive(); err != nil {
			return err
		}
	}
	return nil
}

// halfClosing sends its requests and half-closes the connection. It receives all answers and EOF.
func halfClosing(v *visit) error {
	n := 1 + v.rng.IntN(few)
	for range n {
		if err := v.send(2000, 2000); err != nil {
			return err
		}
	}
	if err := v.conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	for range n {
		if err := v.receive(); err != nil {
			return err
		}
	}
	return v.ended()
}

// slow requests a large answer and reads it in small pieces.
func slow(v *visit) error {
	if c, ok := v.conn.(*net.TCPConn); ok {
		c.SetReadBuffer(64 << 10)
	}
	v.in = bufio.NewReaderSize(slowly{v.conn}, 512)
	if err := v.send(100, 1<<20); err != nil {
		return err
	}
	return v.receive()
}

type slowly struct{ net.Conn }

func (s slowly) Read(b []byte) (int, error) {
	runtime.Gosched()
	return s.Conn.Read(b)
}

// resetting sends a request and resets the connection before the answer, if the network is TCP.
func resetting(v *visit) error {
	if err := v.send(100_000, 100_000); err != nil {
		return nil
	}
	if c, ok := v.conn.(*net.TCPConn); ok {
		c.SetLinger(0)
	}
	return nil
}

// leaving sends requests and closes the connection before the answers.
func leaving(v *visit) error {
	for range 1 + v.rng.IntN(few) {
		if v.send(50_000, 50_000) != nil {
			return nil
		}
	}
	return nil
}

// silent sends nothing and stays until Shutdown has begun.
func silent(v *visit) error {
	<-v.r.over
	return nil
}
