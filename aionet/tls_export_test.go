package aionet

// MostPending is mostPending.
const MostPending = mostPending

// Pending is how much the connection keeps to be sent.
func Pending(t *TLSConn) int { return t.wire.unsent() }
