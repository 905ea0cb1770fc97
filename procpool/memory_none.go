//go:build !linux

package procpool

import "github.com/asyncio-go/asyncio/internal/frame"

func (memory) putMemory([]byte) bool            { return false }
func (memory) takeMemory(int64) ([]byte, error) { return nil, errNoMemory }
func (memory) sendMemory(*frame.Frame)          {}
func (memory) getMemory(int64) ([]byte, error)  { return nil, errNoMemory }
func (memory) recordBegun(uint64) bool          { return false }
func (memory) lastBegun() (uint64, bool)        { return 0, false }
func (memory) unmap()                           {}
