package aionet

// A Protocol handles one connection in callbacks. It needs no task, stack or buffer while the
// connection is idle. Use it for custom protocols with very many connections; otherwise a handler
// that reads and writes is easier to write.
//
// The callbacks run on the loop, one after the other, and may use the state of the loop's tasks
// without a lock. They must not wait: a call that would suspend returns asyncio.ErrWrongTask. For
// such calls they create tasks with Transport.Context.
//
// A panic in a callback ends that connection only. It is reported with the remote address and
// passed to ConnectionLost. Embed BaseProtocol in a protocol that needs only some callbacks.
type Protocol interface {
	// ConnectionMade is the first call. t writes, closes, and controls the flow.
	ConnectionMade(t *Transport)

	// DataReceived is called with received data, in pieces of any size. data is valid during
	// the call only.
	DataReceived(data []byte)

	// EOFReceived is called when the peer has closed its writing direction. If it returns false
	// the connection is then closed, as by Transport.Close. If it returns true the connection
	// stays open for writing until Transport.Close.
	EOFReceived() (keepOpen bool)

	// ConnectionLost is the last call, once, after ConnectionMade. The connection is already
	// closed. err is nil if it was closed or aborted on this side, or the peer ended it.
	// Otherwise err is the network error, the *PanicError of a callback, the error of a task made
	// with Transport.Context, or the cause of the server's cancellation.
	ConnectionLost(err error)

	// PauseWriting is called when a Write has exceeded the high-water mark: the peer reads more
	// slowly than the protocol writes. The protocol should not write until ResumeWriting. Data
	// that it writes nevertheless is buffered without bound.
	PauseWriting()

	// ResumeWriting is called after PauseWriting when the buffer is at the low-water mark or
	// below.
	ResumeWriting()
}

// BaseProtocol has all callbacks of a Protocol and does nothing in them. It is meant to be
// embedded.
type BaseProtocol struct{}

// ConnectionMade does nothing.
func (BaseProtocol) ConnectionMade(*Transport) {}

// DataReceived does nothing.
func (BaseProtocol) DataReceived([]byte) {}

// EOFReceived returns false, so the connection is closed.
func (BaseProtocol) EOFReceived() (keepOpen bool) { return false }

// ConnectionLost does nothing.
func (BaseProtocol) ConnectionLost(error) {}

// PauseWriting does nothing.
func (BaseProtocol) PauseWriting() {}

// ResumeWriting does nothing.
func (BaseProtocol) ResumeWriting() {}
