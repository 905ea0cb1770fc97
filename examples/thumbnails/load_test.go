package main

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// under loads the service with uploads, two at a time, and meanwhile asks for its health,
// again and again, until enough says so. It returns the answers.
func (s *site) under(photo []byte, enough func(uploads int64, answers []Health) bool) (answers []Health, uploads int64) {
	s.t.Helper()
	var made atomic.Int64
	var uploading sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		uploading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := s.do(context.Background(), http.MethodPost, "/thumbnail?width=300", "", photo)
				if err != nil || a.status != http.StatusOK {
					s.t.Errorf("an upload: %v, error %v", a, err)
					return
				}
				made.Add(1)
			}
		})
	}
	for !enough(made.Load(), answers) && !s.t.Failed() {
		var h Health
		s.get("/healthz", &h)
		answers = append(answers, h)
	}
	close(stop)
	uploading.Wait()
	return answers, made.Load()
}

// duringWork counts the answers that were given while a thumbnail was being made.
func duringWork(answers []Health) (n int) {
	for _, h := range answers {
		if h.Working > 0 {
			n++
		}
	}
	return n
}

// The point of it all. With a remedy the health is told while thumbnails are being made.
// Without one it never is: every such answer is late, as the loop stands still.
func TestHealthUnderLoad(t *testing.T) {
	photo := jpegOf(t, paint(1200, 900))
	const wanted = 20
	for _, remedy := range []string{"yield", "thread", "process"} {
		t.Run(remedy, func(t *testing.T) {
			site := open(t, "-workers 1 -remedy "+remedy, nil)
			answers, uploads := site.under(photo, func(uploads int64, answers []Health) bool {
				return duringWork(answers) >= wanted || uploads > 200
			})
			last := answers[len(answers)-1]
			t.Logf("%d thumbnails, %d answers, %d of them while one was being made; %d of %d beats lost", uploads, len(answers), duringWork(answers), last.Lost, last.Beats)
			if n := duringWork(answers); n < wanted {
				t.Errorf("in the time of %d thumbnails %d health requests were answered while one was being made, want at least %d", uploads, n, wanted)
			}
		})
	}
	t.Run("loop", func(t *testing.T) {
		site := open(t, "-remedy loop", nil)
		answers, uploads := site.under(photo, func(uploads int64, answers []Health) bool {
			return uploads >= 6 && len(answers) >= 4
		})
		late := 0
		for _, h := range answers {
			if h.Late >= float64(site.s.heart.every.Milliseconds()) {
				late++
			}
		}
		last := answers[len(answers)-1]
		t.Logf("%d thumbnails, %d answers, %d of them late; %d of %d beats lost", uploads, len(answers), late, last.Lost, last.Beats)
		if n := duringWork(answers); n != 0 {
			t.Errorf("%d health requests were answered while a thumbnail was being made, on a loop that stood still", n)
		}
		// Each thumbnail takes several beats' time of pure computing.
		if late == 0 || last.Lost == 0 {
			t.Errorf("%d late answers, %d lost beats, want some of both", late, last.Lost)
		}
	})
}
