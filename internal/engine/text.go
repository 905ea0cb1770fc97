package engine

import (
	"fmt"
	"strconv"
)

// mostText bounds what a line of a dump holds of one text of the user's, in bytes.
const mostText = 256

// quote is a text of the user's for a line of a dump: it cannot begin another line, and is
// cut when it is long.
func quote(text string) string {
	if len(text) <= mostText {
		return strconv.Quote(text)
	}
	return strconv.Quote(text[:mostText]) + "..."
}

// quoteError is quote for the text of an error, whose method may panic or end its
// goroutine.
func quoteError(err error) string {
	text := ""
	done := make(chan struct{})
	go func() {
		defer close(done)
		returned := false
		defer func() {
			if _ = recover(); !returned {
				text = fmt.Sprintf("%T, whose method Error did not return", err)
			}
		}()
		text = err.Error()
		returned = true
	}()
	<-done
	return quote(text)
}
