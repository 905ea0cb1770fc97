package main

import (
	"context"
	"net/http"
	"testing"
)

// Beyond the limit uploads are refused and told to come again, and nobody else is harmed.
func TestMoreThanTheQueueHolds(t *testing.T) {
	site := open(t, "-remedy thread -workers 1 -queue 3", gated)
	g := gateFor(31)
	t.Cleanup(g.Open)
	photo := jpegOf(t, paint(60, 40))
	var accepted []chan answer
	for range 3 {
		answered, _ := site.background(t.Context(), "/thumbnail?width=31", photo)
		accepted = append(accepted, answered)
	}
	<-g.begun
	site.until(func(h Health) bool { return h.Active == 3 })

	refused := site.post("/thumbnail?width=31", photo)
	site.expect(refused, http.StatusServiceUnavailable, "too many")
	if after := refused.header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q, want 1", after)
	}
	g.Open()
	for _, answered := range accepted {
		site.expect(<-answered, http.StatusOK, "")
	}
	site.expect(site.post("/thumbnail?width=31", photo), http.StatusOK, "")
}

// A name belongs to one job at a time.
func TestNameTaken(t *testing.T) {
	site := open(t, "-remedy thread", gated)
	g := gateFor(32)
	t.Cleanup(g.Open)
	photo := jpegOf(t, paint(60, 40))
	answered, _ := site.background(t.Context(), "/thumbnail?width=32&job=holiday", photo)
	<-g.begun
	site.expect(site.post("/thumbnail?width=32&job=holiday", photo), http.StatusConflict, `"holiday"`)
	g.Open()
	site.expect(<-answered, http.StatusOK, "")
	site.expect(site.post("/thumbnail?width=32&job=holiday", photo), http.StatusOK, "")
}

// until asks for the health until it is as expected. If it never is the test hangs and ends
// by its time-out.
func (s *site) until(expected func(Health) bool) (h Health) {
	s.t.Helper()
	for {
		if s.get("/healthz", &h); expected(h) {
			return h
		}
	}
}

// Of many jobs that have ended only the latest are remembered.
func TestOldJobsAreForgotten(t *testing.T) {
	site := open(t, "-remedy loop", nil)
	photo := jpegOf(t, paint(8, 8))
	for range remembered + 20 {
		site.expect(site.post("/thumbnail?width=4", photo), http.StatusOK, "")
	}
	var views []Progress
	site.get("/jobs", &views)
	if len(views) != remembered {
		t.Errorf("%d jobs are remembered, want %d", len(views), remembered)
	}
	first, err := site.do(context.Background(), http.MethodGet, "/jobs/1", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	site.expect(first, http.StatusNotFound, "no such job")
	var last Progress
	if site.get("/jobs/120", &last); last.State != finished {
		t.Errorf("the last job is %+v, want finished", last)
	}
}
