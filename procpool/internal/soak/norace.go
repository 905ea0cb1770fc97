//go:build linux && !race

package main

const (
	memoryWeight = 20        // the weight of an action
	memoryLimit  = 128 << 20 // of a worker
)
