package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aiometrics"
)

// openDebug serves what one wants to see at night, from goroutines of its own: it
// answers while the loop is blocked. Only those may reach it who may see it all, hence
// an address of its own.
func openDebug(address string, loop *asyncio.Loop) (*http.Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tasks", func(w http.ResponseWriter, _ *http.Request) { loop.Dump(w) })
	mux.Handle("GET /metrics", aiometrics.Handler(loop))
	mux.HandleFunc("GET /trace", func(w http.ResponseWriter, _ *http.Request) {
		if err := loop.Trace(w); err != nil {
			http.Error(w, fmt.Sprint(err), http.StatusConflict)
		}
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	server := &http.Server{Addr: listener.Addr().String(), Handler: mux}
	go server.Serve(listener)
	return server, nil
}
