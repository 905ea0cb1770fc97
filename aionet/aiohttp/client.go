package aiohttp

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/internal/engine"
)

// Do sends a request with client.Do. A nil client stands for http.DefaultClient. Do suspends the
// calling task until the header of the response has arrived. The request is cancelled when ctx or
// the request's own context ends. If ctx has ended, the error is ctx.Err().
//
// The caller must close the body of the response; Close does not wait. ctx must not end before the
// body has been read. Any task or goroutine may read the body, one at a time. A Read suspends the
// task until data has arrived. If the task is cancelled, later data is kept for the next Read.
//
// The body of the request, and the client's CheckRedirect, Jar and Transport, are called in other
// goroutines: they must not use the state of the loop. The body of a 101 Switching Protocols is
// that of the Transport, and blocks.
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
	requestCtx, cancel := context.WithCancelCause(engine.OffLoop{Context: req.Context()})
	stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
	release := func() { stop(); cancel(nil) }
	response, err := asyncio.ToThread(ctx, func(context.Context) (*http.Response, error) {
		return client.Do(req.WithContext(requestCtx))
	}, asyncio.Via(unlimited))
	switch {
	case err != nil:
		release()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	case isDuplex(response.Body):
		return response, nil
	}
	response.Body = &body{src: response.Body, loop: caller.L, onEnd: release}
	return response, nil
}

func isDuplex(b io.ReadCloser) bool {
	_, ok := b.(io.Writer)
	return ok
}

// Get sends a GET request with http.DefaultClient. See Do.
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
