//go:build !unix && !windows

package stall

// ReadProcess is not told here.
func ReadProcess() Usage { return Usage{} }
