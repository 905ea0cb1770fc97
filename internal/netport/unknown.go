package netport

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// RefuseUnknown returns an error if the network is not among networks, those that the call
// has. The error wraps net.UnknownNetworkError and lists them. If the network is one of
// another call, it names that call.
func RefuseUnknown(op, call, network string, networks ...string) error {
	if slices.Contains(networks, network) {
		return nil
	}
	hint := fmt.Sprintf("%s has %s", call, strings.Join(networks, ", "))
	switch {
	case op != "listen":
	case slices.Contains(Datagrams, network):
		hint += "; for datagrams call ListenPacket"
	case slices.Contains(Streams, network):
		hint += "; for streams call Listen"
	}
	return &net.OpError{Op: op, Net: network, Err: fmt.Errorf("%w: %s", net.UnknownNetworkError(network), hint)}
}

// The networks of Listen and those of ListenPacket. Dial has both.
var (
	Streams   = []string{"tcp", "tcp4", "tcp6", "unix", "unixpacket"}
	Datagrams = []string{"udp", "udp4", "udp6", "unixgram"}
)
