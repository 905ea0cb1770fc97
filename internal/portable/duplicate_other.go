//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package portable

import (
	"errors"
	"os"
)

func duplicate(*os.File) (*os.File, error) { return nil, errors.ErrUnsupported }
