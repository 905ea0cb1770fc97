//go:build !unix || aix

// Package openfile keeps the mode of open files that a loop shares with others. Here
// nothing is shared.
package openfile

import "syscall"

// A Mode is a descriptor's share in the mode of its open file.
type Mode struct{}

// Of does nothing.
func Of(syscall.Conn) (*Mode, error) { return nil, nil }

// Restore does nothing.
func (*Mode) Restore() {}
