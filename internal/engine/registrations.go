package engine

import (
	"sync"

	"github.com/asyncio-go/asyncio/internal/coro"
)

// registrations are the places where functions were registered, by name.
var registrations sync.Map

// NoteRegistration keeps the place where a function was registered.
func NoteRegistration(name string, at coro.Site) { registrations.Store(name, at) }

// RegisteredAt returns the place as "file:line", or "unknown".
func RegisteredAt(name string) string {
	at, _ := registrations.Load(name)
	site, _ := at.(coro.Site)
	return site.String()
}
