package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// follow reads the events of a job and calls each; it returns when they have ended.
func (s *site) follow(id string, each func(Progress)) (all []Progress) {
	s.t.Helper()
	request, err := http.NewRequest(http.MethodGet, s.url+"/jobs/"+id, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream" {
		s.t.Fatalf("following job %s: status %d, %s", id, response.StatusCode, kind)
	}
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		text, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var p Progress
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			s.t.Fatalf("event %q: %v", text, err)
		}
		all = append(all, p)
		each(p)
	}
	return all
}

// Whoever follows a job sees it go through its states, in order, to the end.
func TestFollowAJob(t *testing.T) {
	site := open(t, "-remedy thread", gated)
	g := gateFor(41)
	t.Cleanup(g.Open)
	answered, _ := site.background(t.Context(), "/thumbnail?width=41&job=holiday", jpegOf(t, paint(60, 40)))
	<-g.begun
	seen := site.follow("holiday", func(p Progress) {
		if p.Note == "at the gate" {
			g.Open()
		}
	})
	site.expect(<-answered, http.StatusOK, "")

	// It sees where the job is, not each step: what changes twice before it looks is seen once.
	first, last := seen[0], seen[len(seen)-1]
	if want := (Progress{ID: "holiday", State: working, Note: "at the gate", Total: 2}); first != want {
		t.Errorf("the first event is %+v, want %+v", first, want)
	}
	if want := (Progress{ID: "holiday", State: finished, Note: "encoded", Done: 27, Total: 27}); last != want {
		t.Errorf("the last event is %+v, want %+v", last, want)
	}
	for i, p := range seen[1:] {
		if p == seen[i] || seen[i].State.ended() {
			t.Errorf("event %+v after %+v", p, seen[i])
		}
	}
	var after Progress
	if site.get("/jobs/holiday", &after); after != last {
		t.Errorf("GET /jobs/holiday afterwards: %+v, want the last event %+v", after, last)
	}
}

// A job that failed says why.
func TestProgressOfAFailure(t *testing.T) {
	site := open(t, "-remedy yield", nil)
	site.expect(site.post("/thumbnail?width=10&job=letter", []byte("dear")), http.StatusUnsupportedMediaType, "")
	var p Progress
	if site.get("/jobs/letter", &p); p.State != failed || p.Error != errNotAPicture.Error() {
		t.Errorf("the job is %+v, want failed, with %q", p, errNotAPicture)
	}
	if seen := site.follow("letter", func(Progress) {}); len(seen) != 1 || seen[0] != p {
		t.Errorf("following it gave %+v, want %+v alone", seen, p)
	}
}
