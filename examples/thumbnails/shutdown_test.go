package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio/aionet/aiohttp"
)

// A client that goes away cancels its work, and that of nobody else.
func TestTheClientGoesAway(t *testing.T) {
	site := open(t, "-remedy thread -workers 2", gated)
	g := gateFor(51)
	t.Cleanup(g.Open)
	photo := jpegOf(t, paint(60, 40))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	answered, _ := site.background(t.Context(), "/thumbnail?width=51&job=stays", photo)
	_, failed := site.background(ctx, "/thumbnail?width=51&job=leaves", photo)
	<-g.begun
	<-g.begun
	leave()
	<-failed
	seen := site.follow("leaves", func(Progress) {})
	if last := seen[len(seen)-1]; last.State != cancelled || last.Error != aiohttp.ErrClientGone.Error() {
		t.Errorf("its job ended as %+v, want cancelled: %v", last, aiohttp.ErrClientGone)
	}
	var other Progress
	if site.get("/jobs/stays", &other); other.State != working {
		t.Errorf("the other's job is %+v, want working", other)
	}
	g.Open()
	site.expect(<-answered, http.StatusOK, "")
}

// A client that goes away in the middle of its upload leaves no job behind.
func TestTheClientGoesAwayWhileItSends(t *testing.T) {
	site := open(t, "-remedy thread", nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(site.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /thumbnail?width=50&job=half HTTP/1.1\r\nHost: there\r\nContent-Length: 5000\r\n\r\nthe first of it"); err != nil {
		t.Fatal(err)
	}
	site.until(func(h Health) bool { return h.Active == 1 })
	conn.Close()
	if last := site.follow("half", func(Progress) {}); !last[len(last)-1].State.ended() {
		t.Errorf("the job went through %+v, want an end", last)
	}
}

// At its end a service finishes what was accepted.
func TestShutdownDrains(t *testing.T) {
	site := start(t, "-remedy thread -workers 1 -drain 1h", gated)
	g := gateFor(52)
	t.Cleanup(g.Open)
	photo := jpegOf(t, paint(60, 40))
	var accepted []chan answer
	for range 3 {
		answered, _ := site.background(t.Context(), "/thumbnail?width=52", photo)
		accepted = append(accepted, answered)
	}
	<-g.begun
	site.until(func(h Health) bool { return h.Active == 3 })
	site.stop()
	site.refusesConnections()
	g.Open()
	for _, answered := range accepted {
		site.expect(<-answered, http.StatusOK, "")
	}
	if err := <-site.ended; err != nil {
		t.Errorf("it ended with the error %v", err)
	}
}

// refusesConnections waits until the service accepts no more.
func (s *site) refusesConnections() {
	for {
		response, err := s.client.Get(s.url + "/healthz")
		if err != nil {
			return
		}
		response.Body.Close()
	}
}

// What is not finished in time is cancelled, by force if need be, and answered all the same.
func TestShutdownCancels(t *testing.T) {
	for _, test := range []struct{ remedy, width string }{{"thread", "53"}, {"process", "11"}} {
		t.Run(test.remedy, func(t *testing.T) {
			work := misbehave
			if test.remedy == "thread" {
				work = gated
				t.Cleanup(gateFor(53).Open)
			}
			site := start(t, "-drain 1ms -grace 50ms -workers 1 -remedy "+test.remedy, work)
			answered, _ := site.background(t.Context(), "/thumbnail?width="+test.width, jpegOf(t, paint(60, 40)))
			site.until(func(h Health) bool { return h.Working == 1 })
			err := site.close()
			if err == nil || !strings.Contains(err.Error(), "1 thumbnails were not finished within 1ms") {
				t.Errorf("it ended with the error %v, want one that counts what was not finished", err)
			}
			a := <-answered
			site.expect(a, http.StatusServiceUnavailable, errEnding.Error())
			if a.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

// The whole program: it listens, makes a thumbnail in a worker process, and a signal ends
// it in order.
func TestTheProgram(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		nothingLeft(t)
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), actAsProgram+"=-address 127.0.0.1:0 -workers 1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		lines.Scan()
		url, remedy, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "listening on "), ", ")
		if remedy != "remedy process" {
			t.Fatalf("its first line is %q", lines.Text())
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		site := &site{t: t, url: url, client: client}
		site.expect(site.post("/thumbnail?width=30", jpegOf(t, paint(60, 40))), http.StatusOK, "")
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		lines.Scan()
		if last := lines.Text(); !strings.Contains(last, "nothing was left unfinished") || lines.Scan() {
			t.Errorf("%v: its last line is %q", signal, last)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: it ended with %v:\n%s", signal, err, &stderr)
		}
	}
}
