//go:build !unix || aix

package portable

const truncated = 0 // no unix socket has messages here
