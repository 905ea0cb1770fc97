// Package layout tests the structure of the module: which package imports which, the length of the
// files, and the functions that the compiler must inline. The tests run in the root folder of the
// module.
package layout
