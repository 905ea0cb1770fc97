package aiohttp

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Do sends the request by the client, http.DefaultClient if that is nil, as its method Do does,
// and suspends the calling task until the answer begins. The request ends when ctx
// does, or the context that it was made with; if it was ctx, the error is ctx.Err().
//
// The body of the answer may be read by any task or goroutine, one at a time: a Read
// suspends the task until something has come. A task that is cancelled in it leaves;
// what comes later stays for the next Read. ctx must live until the body has been
// read. The body has to be closed; Close does not wait.
//
// The body of the request, and what the client calls (CheckRedirect, its Jar and its
// Transport), run in other goroutines: they must not touch what belongs to the loop.
// The body of a 101 Switching Protocols is the Transport's own, and blocks.
func Do(ctx context.Context, client *http.Client, req *http.Request) (*http.Response, error) {
	caller, err := engine.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if req == nil {
		return nil, errors.New("aiohttp: Do: nil request")
	}
	if client == nil {
		client = http.DefaultClient
	}
	of, cancel := context.WithCancelCause(engine.OffLoop{Context: req.Context()})
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	over := func() { stop(); cancel(nil) }
	response, err := asyncio.ToThread(ctx, func(context.Context) (*http.Response, error) {
		return client.Do(req.WithContext(of))
	}, asyncio.Via(unlimited))
	switch {
	case err != nil:
		over()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	case isDuplex(response.Body):
		return response, nil
	}
	response.Body = &body{src: response.Body, loop: caller.L, onEnd: over}
	return response, nil
}

func isDuplex(b io.ReadCloser) bool {
	_, ok := b.(io.Writer)
	return ok
}

// Get is Do of http.DefaultClient for a GET request.
func Get(ctx context.Context, url string) (*http.Response, error) {
	if ctx == nil {
		return nil, engine.NilContext()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return Do(ctx, nil, req)
}
