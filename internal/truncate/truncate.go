// Package truncate shortens texts that are sent between processes.
package truncate

import (
	"fmt"
	"unicode/utf8"
)

// noteLen is the maximum length of the note, in bytes.
const noteLen = 48

// Middle returns s if it has at most limit bytes. Otherwise it returns at most limit bytes: the
// beginning of s, a note with the number of bytes left out, and the end of s. It does not split
// the encoding of a rune. limit must be at least 64.
func Middle(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	half := (limit - noteLen) / 2
	head, tail := half, len(s)-half
	for head > 0 && half-head < utf8.UTFMax && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && tail-(len(s)-half) < utf8.UTFMax && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return fmt.Sprintf("%s [... %d bytes left out ...] %s", s[:head], tail-head, s[tail:])
}
