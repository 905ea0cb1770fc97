//go:build !unix || aix

package portable

const truncated = 0 // this system has no unix sockets with messages
