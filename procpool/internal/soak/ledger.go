//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
)

// The ledger is a file. A function appends the number of its call when it begins, without the pool.
// So the number survives the worker, and a call that ran twice has two entries.

// ledgerVar is an environment variable with the path of the ledger. Workers and the programs that
// they start have it, so that the soak can find them.
const ledgerVar = "ASYNCIO_SOAK_LEDGER"

var openLedger = sync.OnceValues(func() (*os.File, error) {
	return os.OpenFile(os.Getenv(ledgerVar), os.O_WRONLY|os.O_APPEND, 0)
})

// note appends a number to the ledger, in one write.
func note(number uint64) error {
	f, err := openLedger()
	if err != nil {
		return err
	}
	_, err = f.Write(binary.LittleEndian.AppendUint64(nil, number))
	return err
}

// readLedger returns how often each call has run.
func readLedger(path string) (map[uint64]int, error) {
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
