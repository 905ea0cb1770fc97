package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/asyncio-go/asyncio"
)

// widest is the widest thumbnail.
const widest = 1024

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /thumbnail", s.postThumbnail)
	mux.HandleFunc("GET /jobs", s.getJobs)
	mux.HandleFunc("GET /jobs/{id}", s.getJob)
	mux.HandleFunc("GET /healthz", s.getHealth)
	return mux
}

// onLoop has the loop run the coroutine and waits for it: the one bridge from
// net/http, which calls each handler in a goroutine, to the loop. When the client
// goes away the coroutine is cancelled, and still waited for.
func onLoop[T any](ctx context.Context, l *asyncio.Loop, name string, coroutine asyncio.Coroutine[T]) (T, error) {
	task := asyncio.Submit(l, coroutine, asyncio.Name(name))
	result, err := task.Await(ctx)
	if ctx.Err() != nil {
		task.Cancel(errClientGone)
		return task.Await(context.WithoutCancel(ctx))
	}
	return result, err
}

func (s *service) postThumbnail(w http.ResponseWriter, r *http.Request) {
	width, err := strconv.Atoi(r.URL.Query().Get("width"))
	if err != nil || width < 1 || width > widest {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("width=%s: a number from 1 to %d is expected", r.URL.Query().Get("width"), widest))
		return
	}
	u := upload{id: r.URL.Query().Get("job"), width: width, receive: func(ctx context.Context) ([]byte, error) {
		return receive(ctx, w, r, s.maxBody)
	}}
	thumbnail, err := onLoop(r.Context(), s.loop, "thumbnail", asyncio.Coro(s.thumbnail, u))
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "image/"+thumbnail.Kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(thumbnail.Picture)))
	w.Write(thumbnail.Picture)
}

func (s *service) getHealth(w http.ResponseWriter, r *http.Request) {
	health, err := onLoop(r.Context(), s.loop, "healthz", s.health)
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, health)
}

func (s *service) fail(w http.ResponseWriter, err error) {
	status, text := explain(err)
	if status >= 500 && !errors.Is(err, errBusy) && !errors.Is(err, errEnding) {
		s.log.Error("a request failed", "error", err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	refuse(w, status, text)
}

func refuse(w http.ResponseWriter, status int, text string) {
	http.Error(w, text, status)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
