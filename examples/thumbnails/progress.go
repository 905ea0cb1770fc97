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
func (s *service) getJobs(_ context.Context, w http.ResponseWriter, _ *http.Request) error {
	views := []Progress{}
	for _, j := range s.jobs.byID {
		views = append(views, j.view())
	}
	slices.SortFunc(views, func(a, b Progress) int { return strings.Compare(a.ID, b.ID) })
	return writeJSON(w, views)
}

// getJob tells how far a job is: once, or, to clients that accept server-sent
// events, whenever that changes until the job has ended.
func (s *service) getJob(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	j := s.jobs.byID[r.PathValue("id")]
	switch {
	case j == nil:
		return errNoJob
	case !strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
		return writeJSON(w, j.view())
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	for shown := (Progress{}); !shown.State.ended(); {
		var err error
		if shown, err = j.viewAfter(ctx, shown); err != nil {
			return nil // the client has gone, or the loop ends
		}
		text, _ := json.Marshal(shown) // strings and numbers always encode
		fmt.Fprintf(w, "data: %s\n\n", text)
		if control.Flush() != nil {
			return nil
		}
	}
	return nil
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
