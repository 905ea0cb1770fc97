//go:build race

package stress

// few is the number of programs that the test runs without flags.
const few = 100
