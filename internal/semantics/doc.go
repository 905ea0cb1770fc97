// Package semantics holds nothing but tests: they hold the public contract of package
// asyncio against real loops, rule by rule (TestS07_... is of rule S7, see
// docs/compatibility.md) and primitive by primitive, and the stall watch against programs
// that really block.
package semantics
