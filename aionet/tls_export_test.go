package aionet

// MaxPending is maxPending.
const MaxPending = maxPending

// Pending returns the number of bytes that the connection has not sent.
func Pending(t *TLSConn) int { return t.wire.unsent() }
