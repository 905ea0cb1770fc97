//go:build linux && !race

package main

const (
	memoryBombs = 20        // see deeds
	memoryLimit = 128 << 20 // of a worker
)
