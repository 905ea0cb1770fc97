//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly) || asyncio_portable

package aionet

import "github.com/asyncio-go/asyncio/internal/portable"

// systemNetwork: package net's sockets, on goroutines.
var systemNetwork = portable.New
