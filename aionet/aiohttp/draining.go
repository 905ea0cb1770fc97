package aiohttp

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// drains holds the channel of each http.Server that has served a request, closed when its
// Shutdown begins, until the server is unreachable.
var drains = struct {
	sync.Mutex
	of map[weak.Pointer[http.Server]]chan struct{}
}{of: map[weak.Pointer[http.Server]]chan struct{}{}}

// drainingOf returns the channel of the server of a request, nil where there is no
// http.Server. It is called for each request: an http.Server does not call a function that
// is registered after the begin of its Shutdown.
func drainingOf(request context.Context) <-chan struct{} {
	server, ok := request.Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	return draining(server)
}

func draining(server *http.Server) <-chan struct{} {
	key := weak.Make(server)
	drains.Lock()
	defer drains.Unlock()
	if ch := drains.of[key]; ch != nil {
		return ch
	}
	ch := make(chan struct{})
	drains.of[key] = ch
	server.RegisterOnShutdown(sync.OnceFunc(func() { close(ch) }))
	runtime.AddCleanup(server, func(key weak.Pointer[http.Server]) {
		drains.Lock()
		defer drains.Unlock()
		delete(drains.of, key)
	}, key)
	return ch
}
