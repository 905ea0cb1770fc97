package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A service is the part behind net/http. Its fields are touched by tasks of the
// loop only, but for those that never change.
type service struct {
	options
	remedy remedy
	log    *slog.Logger
	loop   *asyncio.Loop
	jobs   *jobs
	heart  heartbeat
	ending bool
}

// errEnding is why jobs are refused, and in the end cancelled, once the service ends.
var errEnding = errors.New("the service is ending")

func newService(o options, r remedy, log *slog.Logger) *service {
	return &service{options: o, remedy: r, log: log, jobs: newJobs(o.queue), heart: heartbeat{every: 20 * time.Millisecond}}
}

// serve answers requests until ctx is cancelled, which a signal does, and then
// ends in order.
func (s *service) serve(ctx context.Context, listener net.Listener) error {
	s.loop = asyncio.LoopOf(ctx)
	server := &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	// What is under way outlives the interruption by as long as draining takes.
	return asyncio.WithTaskGroup(context.WithoutCancel(ctx), func(group context.Context) error {
		beating := asyncio.Go(group, s.heart.beat)
		serving := asyncio.Go(group, func(ctx context.Context) error {
			err := inThread(ctx, func(context.Context) error { return server.Serve(listener) })
			if errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return err
		})
		_, err := serving.Await(ctx) // the signal interrupts this await, and nothing else
		if ctx.Err() != nil {
			err = s.end(group, server)
		}
		beating.Cancel(nil)
		return errors.Join(err, s.closeWorkers(group))
	})
}

// end stops accepting, gives what was accepted some time, and cancels the rest.
func (s *service) end(ctx context.Context, server *http.Server) error {
	s.ending = true
	shutdown := func(d time.Duration) error {
		limited, cancel := asyncio.WithTimeout(ctx, d)
		defer cancel()
		return inThread(limited, server.Shutdown)
	}
	s.log.Info("ending: accepting no more", "jobs", s.jobs.active, "time to finish", s.drain)
	if shutdown(s.drain) == nil {
		return nil
	}
	unfinished := s.jobs.cancel(errEnding)
	// A cancelled job ends within the grace that a worker is given, and is answered.
	if shutdown(s.grace+5*time.Second) != nil {
		server.Close()
	}
	return fmt.Errorf("%d thumbnails were not finished within %v", unfinished, s.drain)
}

func (s *service) closeWorkers(ctx context.Context) error {
	limited, cancel := asyncio.WithTimeout(ctx, s.grace+5*time.Second)
	defer cancel()
	return s.remedy.close(limited)
}

// inThread is ToThread for a function without a result.
func inThread(ctx context.Context, fn func(ctx context.Context) error) error {
	_, err := asyncio.ToThread(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}
