package semantics_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// holdAgainstTheTwin runs the game of the bytes on both and compares.
func holdAgainstTheTwin(t *testing.T, bytes []byte) {
	t.Helper()
	g := newGame(bytes)
	want, err := foresee(g)
	if err != nil {
		t.Fatalf("%v after\n%s", err, strings.Join(want, "\n"))
	}
	got := play(t, g)
	for i := range max(len(got), len(want)) {
		if i < len(got) && i < len(want) && got[i] == want[i] {
			continue
		}
		t.Fatalf("step %d of a %s of %d, %d permits, %d parties differs.\nso far:\n%s\n\ngot:\n%s\n\nwant:\n%s", i, g.kind, g.max, g.permits, g.parties,
			strings.Join(want[:i], "\n"), strings.Join(got[min(i, len(got)):min(i+3, len(got))], "\n"),
			strings.Join(want[min(i, len(want)):min(i+3, len(want))], "\n"))
	}
}

// randomGame makes the bytes of a game of the family.
func randomGame(family int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(family)))
	bytes := make([]byte, 300)
	for i := range bytes {
		bytes[i] = byte(r.IntN(256))
	}
	bytes[0] = byte(family)
	return bytes
}

// Tasks, cancellations at every instant, time-outs, shielded waits: every step is that of the naive twin, with
// the same outcome and state.
func TestPrimitives_RandomGamesGoAsTheTwinForetells(t *testing.T) {
	games := max(30, 250/fewer)
	for family, moves := range families {
		for seed := range uint64(games) {
			if !t.Run(fmt.Sprintf("family %d (%s), seed %d", family, moves[1], seed), func(t *testing.T) {
				holdAgainstTheTwin(t, randomGame(family, seed))
			}) {
				break // one of a family is enough to read
			}
		}
	}
}

// FuzzPrimitives is the same for whatever bytes: one for the family, the rest are decisions.
func FuzzPrimitives(f *testing.F) {
	for family := range families {
		for seed := range uint64(4) {
			f.Add(randomGame(family, 1000+seed))
		}
	}
	f.Fuzz(holdAgainstTheTwin)
}
