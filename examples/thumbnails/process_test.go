//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/aionet/aiohttp"
	"github.com/asyncio-go/asyncio/procpool"
)

// pool is the site's pool of processes.
func (s *site) pool() *procpool.Pool { return s.s.remedy.exec.(*procpool.Pool) }

// A decompression bomb meets the memory limit of its worker. That request is told so, and
// nobody else notices: the thumbnails made meanwhile are as they should be. (The limit leaves
// room for what the race detector needs in each worker.)
func TestBombs(t *testing.T) {
	const bombs, photos = 3, 20
	site := open(t, "-remedy process -workers 2 -memory 671088640", nil)
	photo := jpegOf(t, paint(400, 300))
	want, err := makeThumbnail(t.Context(), Request{Picture: photo, Width: 100}, context.Context.Err)
	if err != nil {
		t.Fatal(err)
	}
	var bombed, made []chan answer
	for i := range photos {
		answered, _ := site.background(t.Context(), "/thumbnail?width=100", photo)
		made = append(made, answered)
		if i < bombs {
			answered, _ := site.background(t.Context(), "/thumbnail?width=100", bomb())
			bombed = append(bombed, answered)
		}
	}
	for _, answered := range bombed {
		site.expect(<-answered, http.StatusUnprocessableEntity, "it ended the worker that tried: out of memory")
	}
	for _, answered := range made {
		if a := <-answered; a.status != http.StatusOK || !bytes.Equal(a.body, want.Picture) {
			t.Errorf("a photograph beside the bombs: %v, want the thumbnail", a)
		}
	}
	if stats := site.pool().Stats(); stats.Crashed != bombs || stats.Completed != photos {
		t.Errorf("%d calls crashed and %d were completed, want %d and %d", stats.Crashed, stats.Completed, bombs, photos)
	}
}

// A crash and a panic are the end of one request each. The text for the client tells
// no more than it needs to know.
func TestCrashes(t *testing.T) {
	site := open(t, "-remedy process -workers 1", misbehave)
	photo := jpegOf(t, paint(60, 40))
	site.expect(site.post("/thumbnail?width=12", photo), http.StatusUnprocessableEntity, "it ended the worker that tried: panic in a goroutine")
	site.expect(site.post("/thumbnail?width=13", photo), http.StatusInternalServerError, "could not be made\n")
	site.expect(site.post("/thumbnail?width=20", photo), http.StatusOK, "")
}

// A worker that somebody kills is not the picture's fault.
func TestKilledFromOutside(t *testing.T) {
	site := open(t, "-remedy process -workers 1", misbehave)
	photo := jpegOf(t, paint(60, 40))
	answered, _ := site.background(t.Context(), "/thumbnail?width=11", photo)
	pid := site.stuck()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	a := <-answered
	site.expect(a, http.StatusServiceUnavailable, "try again")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	site.expect(site.post("/thumbnail?width=20", photo), http.StatusOK, "")
}

// stuck waits until the only job is in its computation and returns the worker's pid.
func (s *site) stuck() (pid int) {
	s.t.Helper()
	s.until(func(h Health) bool { return h.Working == 1 })
	workers := s.pool().Stats().Workers
	if len(workers) != 1 || workers[0].State != "busy" {
		s.t.Fatalf("the workers are %+v, want a busy one", workers)
	}
	return workers[0].Pid
}

// gone reports whether there is no process of that pid.
func gone(pid int) bool { return syscall.Kill(pid, 0) == syscall.ESRCH }

// While a worker is stuck every health request is answered. When the client goes away the
// computation is cancelled, and its worker killed, as it does not end by itself.
func TestTheClientOfAStuckWorkerGoesAway(t *testing.T) {
	site := open(t, "-remedy process -workers 1 -grace 50ms", misbehave)
	photo := jpegOf(t, paint(60, 40))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	_, failed := site.background(ctx, "/thumbnail?width=11&job=stuck", photo)
	pid := site.stuck()
	for range 50 {
		var h Health
		if site.get("/healthz", &h); h.Working != 1 {
			t.Fatalf("the health is %+v, want one thumbnail in the making", h)
		}
	}
	leave()
	<-failed
	seen := site.follow("stuck", func(Progress) {})
	if last := seen[len(seen)-1]; last.State != cancelled || last.Error != aiohttp.ErrClientGone.Error() {
		t.Errorf("the job ended as %+v, want cancelled: %v", last, aiohttp.ErrClientGone)
	}
	if stats := site.pool().Stats(); stats.Killed != 1 || stats.Crashed != 0 {
		t.Errorf("%d calls were killed and %d crashed, want 1 and 0", stats.Killed, stats.Crashed)
	}
	site.expect(site.post("/thumbnail?width=20", photo), http.StatusOK, "") // by the only worker there may be
	if !gone(pid) {
		t.Errorf("process %d is still there", pid)
	}
}

// A picture that takes too long is given up, by force if need be.
func TestTooLong(t *testing.T) {
	photo := jpegOf(t, paint(60, 40))
	var site *site
	timeout := time.Second
	for ; ; timeout *= 2 { // the first picture's time is the start of the worker too, which takes long on a slow machine
		site = open(t, fmt.Sprintf("-remedy process -workers 1 -grace 50ms -timeout %v", timeout), misbehave)
		first := site.post("/thumbnail?width=20", photo)
		if first.status != http.StatusUnprocessableEntity || timeout > time.Minute {
			site.expect(first, http.StatusOK, "")
			break
		}
	}
	site.expect(site.post("/thumbnail?width=11&job=endless", photo), http.StatusUnprocessableEntity, fmt.Sprint("takes too long to make: more than ", timeout))
	if stats := site.pool().Stats(); stats.Killed != 1 {
		t.Errorf("%d calls were killed, want 1", stats.Killed)
	}
	var p Progress
	if site.get("/jobs/endless", &p); p.State != failed {
		t.Errorf("the job is %+v, want failed", p)
	}
}
