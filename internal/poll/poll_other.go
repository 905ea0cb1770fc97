//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly

package poll

import (
	"errors"
	"time"
)

// system returns an error: on this system the network runs on goroutines.
type system struct{}

func (*system) open() error                { return errors.ErrUnsupported }
func (*system) add(int, Token) error       { return errors.ErrUnsupported }
func (*system) remove(int)                 {}
func (*system) wait(time.Duration, *table) {}
func (*system) wake()                      {}
func (*system) close()                     {}
