package stalls

import "C"

import "time"

//export stallsOnEvent
func stallsOnEvent() {
	time.Sleep(lasts) // guilty: cgo-callback
}
