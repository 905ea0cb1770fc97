package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/asyncio-go/asyncio"
)

// errTooLong is the end of a picture that takes more time than it gets.
var errTooLong = errors.New("the thumbnail takes too long to make")

// An upload is what a request asks for.
type upload struct {
	id      string // a name for the job, may be empty
	width   int
	receive func() ([]byte, error) // awaits the body
}

// thumbnail is the life of a job, from beginning to end, as one coroutine.
func (s *service) thumbnail(ctx context.Context, u upload) (t Thumbnail, err error) {
	if s.ending {
		return t, errEnding
	}
	// A place is taken before the body is read: what is in memory is bounded by the
	// limit of jobs times the limit of a body.
	j, err := s.jobs.begin(u.id, asyncio.CurrentTask(ctx))
	if err != nil {
		return t, err
	}
	defer func() { s.ended(ctx, j, err) }()

	picture, err := u.receive()
	if err != nil {
		return t, err
	}
	j.change(func() { j.state = waiting })

	limited, cancel := asyncio.WithTimeout(ctx, s.timeout)
	defer cancel()
	t, err = s.remedy.make(limited, picture, u.width, j.progress)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return t, fmt.Errorf("%w: more than %v", errTooLong, s.timeout)
	}
	return t, err
}

// ended closes the books on a job.
func (s *service) ended(ctx context.Context, j *job, err error) {
	how := finished
	switch {
	case err == nil:
	case ctx.Err() != nil:
		how, err = cancelled, context.Cause(ctx)
	default:
		how = failed
	}
	s.jobs.end(j, how, err)
	if err != nil {
		s.log.Info("job "+j.id, "end", how, "reason", err)
	}
}
