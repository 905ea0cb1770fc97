//go:build !linux

package procpool

import (
	"errors"

	"github.com/asyncio-go/asyncio/internal/frame"
)

var errNoMemory = errors.New("there is no shared memory on this system")

func (memory) putMemory([]byte) bool            { return false }
func (memory) takeMemory(int64) ([]byte, error) { return nil, errNoMemory }
func (memory) sendMemory(*frame.Frame)          {}
func (memory) getMemory(int64) ([]byte, error)  { return nil, errNoMemory }
