//go:build !race

package stress

// few is how many programs the test runs without flags.
const few = 400
