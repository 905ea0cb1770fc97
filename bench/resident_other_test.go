//go:build !linux

package bench

import "runtime/metrics"

// residentBytes is the memory that the Go runtime holds and has not given back,
// which comes near to what is resident.
func residentBytes() (int64, error) {
	held := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(held)
	return int64(held[0].Value.Uint64()) - int64(held[1].Value.Uint64()), nil
}
