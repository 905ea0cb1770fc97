//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !asyncio_portable

package aionet_test

// portable: the network under test is the one on goroutines.
const portable = false
