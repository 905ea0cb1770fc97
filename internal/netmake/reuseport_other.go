//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package netmake

import (
	"errors"
	"fmt"
)

func reusePort(uintptr) error {
	return fmt.Errorf("aionet: ReusePort: this system does not spread connections over listeners: %w", errors.ErrUnsupported)
}
