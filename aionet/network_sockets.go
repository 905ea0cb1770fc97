//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !asyncio_portable

package aionet

import "github.com/asyncio-go/asyncio/internal/sockets"

// systemNetwork: sockets watched by the loop's poller.
var systemNetwork = sockets.New
