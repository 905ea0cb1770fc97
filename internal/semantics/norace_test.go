//go:build !race

package semantics_test

// fewer divides the sizes of the large tests; see race_test.go.
const fewer = 1
