package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// explain returns the status and the text that answer a failure.
func explain(err error) (status int, text string) {
	if status, text, crashed := explainCrash(err); crashed {
		return status, text
	}
	var tooLarge *http.MaxBytesError
	var bad *badRequest
	switch {
	case errors.Is(err, errBusy), errors.Is(err, errEnding):
		return http.StatusServiceUnavailable, err.Error()
	case errors.Is(err, asyncio.ErrExecutorClosed):
		return http.StatusServiceUnavailable, errEnding.Error()
	case errors.Is(err, errNoJob):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, errTaken):
		return http.StatusConflict, err.Error()
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("the file is too large: at most %d bytes are accepted", tooLarge.Limit)
	case errors.As(err, &bad):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, errNotAPicture):
		return http.StatusUnsupportedMediaType, err.Error()
	case errors.Is(err, errBroken):
		return http.StatusBadRequest, err.Error()
	case errors.Is(err, errTooManyPixels), errors.Is(err, errTooLong):
		return http.StatusUnprocessableEntity, err.Error()
	case errors.Is(err, aiohttp.ErrClientGone):
		return statusClientGone, err.Error() // nobody reads it
	}
	return http.StatusInternalServerError, "the thumbnail could not be made"
}

// statusClientGone is what logs of other servers show for it.
const statusClientGone = 499
