package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

const (
	widest      = 1024 // thumbnail
	longestName = 100  // bytes of a job's name: it is remembered
)

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]aiohttp.HandlerFunc{
		"POST /thumbnail": s.postThumbnail,
		"GET /jobs":       s.getJobs,
		"GET /jobs/{id}":  s.getJob,
		"GET /healthz":    s.getHealth,
	} {
		mux.Handle(pattern, aiohttp.Handler(s.loop, s.explaining(answer), aiohttp.MaxBody(s.maxBody), aiohttp.CancelOnEOF()))
	}
	return mux
}

// explaining answers with what went wrong.
func (s *service) explaining(answer aiohttp.HandlerFunc) aiohttp.HandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
		err := answer(ctx, w, r)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			s.fail(w, err)
		}
		return nil
	}
}

func (s *service) postThumbnail(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	width, err := strconv.Atoi(r.URL.Query().Get("width"))
	if err != nil || width < 1 || width > widest {
		return &badRequest{fmt.Sprintf("width=%s: must be a number from 1 to %d", r.URL.Query().Get("width"), widest)}
	}
	name := r.URL.Query().Get("job")
	switch {
	case len(name) > longestName:
		return &badRequest{fmt.Sprintf("the name of the job has %d bytes, at most %d are accepted", len(name), longestName)}
	case r.ContentLength > s.maxBody: // no need to wait for it
		return &http.MaxBytesError{Limit: s.maxBody}
	}
	u := upload{id: name, width: width, receive: func() ([]byte, error) { return receive(ctx, w, r) }}
	thumbnail, err := s.thumbnail(ctx, u)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/"+thumbnail.Kind)
	_, err = w.Write(thumbnail.Picture)
	return err
}

func (s *service) getHealth(_ context.Context, w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, s.health())
}

func (s *service) fail(w http.ResponseWriter, err error) {
	status, text := explain(err)
	if status >= 500 && !errors.Is(err, errBusy) && !errors.Is(err, errEnding) {
		s.log.Error("a request failed", "error", err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, text, status)
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}
