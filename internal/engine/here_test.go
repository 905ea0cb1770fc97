package engine

import "github.com/asyncio-go/asyncio/internal/coro"

func here() uintptr { return coro.G() }
