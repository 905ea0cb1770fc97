//go:build !unix || aix

// Package openfile sets open files to non-blocking mode, and restores their former mode. On
// this system it does nothing.
package openfile

import "syscall"

// A Mode is the use of an open file by one descriptor.
type Mode struct{}

// Of does nothing.
func Of(syscall.Conn) (*Mode, error) { return nil, nil }

// Restore does nothing.
func (*Mode) Restore() {}
