//go:build linux && race

package main

// The race detector's own memory is far above any limit.
const (
	memoryBombs = 0
	memoryLimit = 0
)
