package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Progress is a job as clients see it.
type Progress struct {
	ID    string `json:"id"`
	State state  `json:"state"`
	Note  string `json:"note,omitempty"` // what the computation is at: done of total units
	Done  int64  `json:"done,omitempty"`
	Total int64  `json:"total,omitempty"`
	Error string `json:"error,omitempty"`
}

func (j *job) view() Progress {
	return Progress{j.id, j.state, j.note, j.done, j.total, j.errText}
}

var errNoJob = errors.New("no such job, or it ended long ago")

// getJobs lists the jobs that are under way or ended lately.
func (s *service) getJobs(w http.ResponseWriter, r *http.Request) {
	views, err := onLoop(r.Context(), s.loop, "jobs", func(context.Context) ([]Progress, error) {
		views := []Progress{}
		for _, j := range s.jobs.byID {
			views = append(views, j.view())
		}
		slices.SortFunc(views, func(a, b Progress) int { return strings.Compare(a.ID, b.ID) })
		return views, nil
	})
	if err != nil {
		s.fail(w, err)
		return
	}
	writeJSON(w, views)
}

// getJob tells how far a job is: once, or, to clients that accept server-sent
// events, whenever that changes until the job has ended.
func (s *service) getJob(w http.ResponseWriter, r *http.Request) {
	j, err := onLoop(r.Context(), s.loop, "job", func(context.Context) (*job, error) {
		if j := s.jobs.byID[r.PathValue("id")]; j != nil {
			return j, nil
		}
		return nil, errNoJob
	})
	if err != nil {
		s.fail(w, err)
		return
	}
	follow := strings.Contains(r.Header.Get("Accept"), "text/event-stream")
	control := http.NewResponseController(w)
	for shown := (Progress{}); ; {
		view, err := onLoop(r.Context(), s.loop, "job "+j.id, func(ctx context.Context) (Progress, error) {
			return j.viewAfter(ctx, shown)
		})
		switch {
		case err != nil:
			return // the client has gone, or the loop
		case !follow:
			writeJSON(w, view)
			return
		}
		if shown == (Progress{}) {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		text, _ := json.Marshal(view) // strings and numbers always encode
		fmt.Fprintf(w, "data: %s\n\n", text)
		if control.Flush() != nil || view.State.ended() {
			return
		}
		shown = view
	}
}

// viewAfter waits until the job looks different from what was shown.
func (j *job) viewAfter(ctx context.Context, shown Progress) (Progress, error) {
	for j.view() == shown {
		if err := j.changed.Wait(ctx); err != nil {
			return Progress{}, err
		}
	}
	return j.view(), nil
}
