package engine

import (
	"sync"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// registrations maps the name of a registered function to the coro.Site of its registration.
var registrations sync.Map

// NoteRegistration records the call that registered a function.
func NoteRegistration(name string, at coro.Site) { registrations.Store(name, at) }

// RegisteredAt returns the line of that call as "file:line", or "unknown".
func RegisteredAt(name string) string {
	at, _ := registrations.Load(name)
	site, _ := at.(coro.Site)
	return site.String()
}
