package aionet

// A Protocol is what a connection does, in callbacks: one value for each connection,
// with no task, stack or buffer behind it while nothing happens. It is for custom
// protocols with very many connections; where a handler that reads and writes will
// do, it is easier to write.
//
// The callbacks run on the loop, one after the other, so that they may use what the
// tasks of the loop use without a lock. They must not wait: a call that would suspend
// returns asyncio.ErrWrongTask. For what has to wait they create tasks, with
// Transport.Context.
//
// A panic in a callback ends that connection only: it is reported with the remote
// address, and given to ConnectionLost. BaseProtocol has all the callbacks, to be
// embedded in a protocol that needs some of them.
type Protocol interface {
	// ConnectionMade comes first. The transport is the connection's other side: to
	// write, to close, to control the flow.
	ConnectionMade(t *Transport)

	// DataReceived is called with what has arrived, in pieces of any size. The bytes are
	// lent for the call: they must be copied to be kept.
	DataReceived(data []byte)

	// EOFReceived is called when the other side will send no more. The connection is
	// then closed, as by Transport.Close, unless the callback returns true: it stays
	// open for writing then, until it is closed here.
	EOFReceived() (keepOpen bool)

	// ConnectionLost comes last, once, after ConnectionMade. The connection is closed
	// already. err is nil if it was closed or aborted on this side, or ended by the
	// other; else it is what went wrong: an error of the network, the *PanicError of a
	// callback, the error of a task made with Transport.Context, or why the server was
	// cancelled.
	ConnectionLost(err error)

	// PauseWriting asks to write no more until ResumeWriting, because the other side does
	// not read as fast: more is buffered than the high-water mark allows. It is called
	// by the Write that exceeds the mark, once. What is written in spite of it is buffered
	// too: memory is bounded only if the protocol obeys.
	PauseWriting()

	// ResumeWriting tells that no more is buffered than the low-water mark.
	ResumeWriting()
}

// BaseProtocol has callbacks that do nothing, to be embedded.
type BaseProtocol struct{}

// ConnectionMade does nothing.
func (BaseProtocol) ConnectionMade(*Transport) {}

// DataReceived does nothing.
func (BaseProtocol) DataReceived([]byte) {}

// EOFReceived has the connection closed.
func (BaseProtocol) EOFReceived() (keepOpen bool) { return false }

// ConnectionLost does nothing.
func (BaseProtocol) ConnectionLost(error) {}

// PauseWriting does nothing.
func (BaseProtocol) PauseWriting() {}

// ResumeWriting does nothing.
func (BaseProtocol) ResumeWriting() {}
