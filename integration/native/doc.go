// Package native blocks a loop in C, for the tests of what the stall watch says of
// it. It is here because it needs a C compiler, which the library does not.
package native
