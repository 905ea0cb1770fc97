package aiohttp

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// drainChannels holds a channel for each http.Server that has served a request. Shutdown of the
// server closes the channel. The entry is removed when the server is unreachable.
var drainChannels = struct {
	sync.Mutex
	of map[weak.Pointer[http.Server]]chan struct{}
}{of: map[weak.Pointer[http.Server]]chan struct{}{}}

// drainingOf returns the channel of the request's http.Server, or nil if there is none. It
// must be called for each request: an http.Server does not call a function that is
// registered after its Shutdown has begun.
func drainingOf(request context.Context) <-chan struct{} {
	server, ok := request.Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	return draining(server)
}

func draining(server *http.Server) <-chan struct{} {
	key := weak.Make(server)
	drainChannels.Lock()
	defer drainChannels.Unlock()
	if ch := drainChannels.of[key]; ch != nil {
		return ch
	}
	ch := make(chan struct{})
	drainChannels.of[key] = ch
	server.RegisterOnShutdown(sync.OnceFunc(func() { close(ch) }))
	runtime.AddCleanup(server, func(key weak.Pointer[http.Server]) {
		drainChannels.Lock()
		defer drainChannels.Unlock()
		delete(drainChannels.of, key)
	}, key)
	return ch
}
