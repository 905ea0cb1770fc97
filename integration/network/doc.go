// Package network holds libraries that know nothing of an event loop, as they are, on
// the loop's connections, each against a real peer: another implementation, on package
// net or in a process of its own. There is nothing in it but tests.
//
// Each test says what it shows. All see to it that no task, goroutine or descriptor is
// left.
package network
