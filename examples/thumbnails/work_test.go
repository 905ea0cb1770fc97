package main

import (
	"context"
	"sync"

	"github.com/asyncio-go/asyncio"
)

// Computations for the tests, in the place of Make. What they do is told by the
// width that the request asks for, so that it travels to a worker process.

const (
	widthStuck = 11 // never ends, whatever happens
	widthCrash = 12 // writes where nothing is
	widthPanic = 13
)

var misbehave = asyncio.Register("thumbnails-test.misbehave", func(ctx context.Context, r Request) (Thumbnail, error) {
	asyncio.Progress(ctx, 0, 1, "misbehaving")
	switch r.Width {
	case widthStuck:
		select {}
	case widthCrash:
		crashed := make(chan bool)
		go func() { panic("in a goroutine of its own") }()
		<-crashed
	case widthPanic:
		panic("in the function")
	}
	return makeThumbnail(ctx, r, context.Context.Err)
})

// A gate is a computation in this process that goes on when the test says so.
type gate struct {
	begun chan struct{} // gets a value for each that has begun
	open  chan struct{} // closed: they go on
	once  sync.Once
}

func newGate() *gate {
	return &gate{begun: make(chan struct{}, 100), open: make(chan struct{})}
}

func (g *gate) Open() { g.once.Do(func() { close(g.open) }) }

// gates are known by the width that a request asks for.
var gates sync.Map

// gated waits for the gate of its width, or for its ctx, and then makes the
// thumbnail.
var gated = asyncio.Register("thumbnails-test.gated", func(ctx context.Context, r Request) (Thumbnail, error) {
	asyncio.Progress(ctx, 0, 2, "at the gate")
	found, _ := gates.Load(r.Width)
	g := found.(*gate)
	g.begun <- struct{}{}
	select {
	case <-g.open:
	case <-ctx.Done():
		return Thumbnail{}, ctx.Err()
	}
	asyncio.Progress(ctx, 2, 2, "through the gate")
	return makeThumbnail(ctx, r, context.Context.Err)
})

// gateFor makes the gate for requests of this width.
func gateFor(width int) *gate {
	g := newGate()
	gates.Store(width, g)
	return g
}
