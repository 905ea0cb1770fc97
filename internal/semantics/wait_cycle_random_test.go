package semantics_test

import (
	"fmt"
	"testing"
)

func TestS24_RandomWaitsAreRefusedAsTheTwinForetells(t *testing.T) {
	games, refused := 3000/fewer, 0
	for seed := range uint64(games) {
		if !t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { refused += playWaits(t, seed) }) {
			return // one is enough to read
		}
	}
	t.Logf("%d waits were to be refused in %d games", refused, games)
	if refused < games/2 {
		t.Errorf("%d waits were to be refused in %d games: too few to prove anything", refused, games)
	}
}

// FuzzWaitCycles is the same for any seed.
func FuzzWaitCycles(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(1_000_000 + seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { playWaits(t, seed) })
}
