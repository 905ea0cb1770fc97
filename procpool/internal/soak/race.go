//go:build linux && race

package main

// The race detector needs more memory than any limit allows.
const (
	memoryWeight = 0
	memoryLimit  = 0
)
