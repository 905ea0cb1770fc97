//go:build !unix

package semantics_test

// What blocks in a system call till it is released is told of by tests on Unix.
var systemKinds, systemVariants []blocker
