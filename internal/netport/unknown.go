package netport

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// RefuseUnknown returns an error unless networks contains network. networks are those that the
// call accepts. The error wraps net.UnknownNetworkError and lists networks. If another call
// accepts network, the error names that call.
func RefuseUnknown(op, call, network string, networks ...string) error {
	if slices.Contains(networks, network) {
		return nil
	}
	hint := fmt.Sprintf("%s accepts %s", call, strings.Join(networks, ", "))
	switch {
	case op != "listen":
	case slices.Contains(Datagrams, network):
		hint += "; for datagrams call ListenPacket"
	case slices.Contains(Streams, network):
		hint += "; for streams call Listen"
	}
	return &net.OpError{Op: op, Net: network, Err: fmt.Errorf("%w: %s", net.UnknownNetworkError(network), hint)}
}

// The networks of Listen and those of ListenPacket. Dial accepts both.
var (
	Streams   = []string{"tcp", "tcp4", "tcp6", "unix", "unixpacket"}
	Datagrams = []string{"udp", "udp4", "udp6", "unixgram"}
)
