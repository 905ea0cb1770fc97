//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
)

// The ledger is a file in which a function notes the number of its call when it
// begins, past the pool: a worker that dies cannot lose the line, and a call that
// was run twice shows.

// ledgerVar is in the environment of the workers, and of what they start, which is
// how the soak finds what is left of them.
const ledgerVar = "ASYNCIO_SOAK_LEDGER"

var openLedger = sync.OnceValues(func() (*os.File, error) {
	return os.OpenFile(os.Getenv(ledgerVar), os.O_WRONLY|os.O_APPEND, 0)
})

// note is the worker's side: the whole line is written at once, behind those of
// others.
func note(number uint64) error {
	f, err := openLedger()
	if err != nil {
		return err
	}
	_, err = f.Write(binary.LittleEndian.AppendUint64(nil, number))
	return err
}

// executions reads how often each call was run.
func executions(path string) (map[uint64]int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("the ledger has %d bytes, want a multiple of 8", len(b))
	}
	times := map[uint64]int{}
	for ; len(b) > 0; b = b[8:] {
		times[binary.LittleEndian.Uint64(b)]++
	}
	return times, nil
}
