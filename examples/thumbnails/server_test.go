package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

var everyRemedy = []string{"loop", "yield", "thread", "process"}

// form is a multipart form with the file in it, and a field before that.
func form(t *testing.T, name string, file []byte) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("comment", "a field that is no file")
	if file != nil {
		part, err := w.CreateFormFile("image", name)
		if err != nil {
			t.Fatal(err)
		}
		part.Write(file)
	}
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// All remedies make the same thumbnail, and it is the same for a body and a form.
func TestEveryRemedyMakesTheSameThumbnail(t *testing.T) {
	for kind, file := range map[string][]byte{"jpeg": jpegOf(t, paint(200, 150)), "png": pngOf(t, paint(200, 150))} {
		want, err := makeThumbnail(t.Context(), Request{Picture: file, Width: 60}, context.Context.Err)
		if err != nil {
			t.Fatal(err)
		}
		for _, remedy := range everyRemedy {
			t.Run(kind+" "+remedy, func(t *testing.T) {
				site := open(t, "-workers 1 -remedy "+remedy, nil)
				contentType, body := form(t, "holiday."+kind, file)
				for asked, request := range map[string]struct {
					contentType string
					body        []byte
				}{"as a body": {"", file}, "as a form": {contentType, body}} {
					a, err := site.do(t.Context(), http.MethodPost, "/thumbnail?width=60", request.contentType, request.body)
					if err != nil {
						t.Fatal(err)
					}
					if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/"+kind || !bytes.Equal(a.body, want.Picture) {
						t.Errorf("%s: %d, %s, %d bytes; want 200, image/%s, the %d bytes of the function", asked, a.status, a.header.Get("Content-Type"), len(a.body), kind, len(want.Picture))
					}
					header, _, err := image.DecodeConfig(bytes.NewReader(a.body))
					if err != nil || header.Width != 60 || header.Height != 45 {
						t.Errorf("%s: %dx%d, error %v; want 60x45", asked, header.Width, header.Height, err)
					}
				}
			})
		}
	}
}

func TestBadRequests(t *testing.T) {
	photo := jpegOf(t, paint(200, 150))
	noFileType, noFile := form(t, "", nil)
	fileType, file := form(t, "photo.jpg", photo)
	tooMuchType, tooMuch := form(t, "photo.jpg", make([]byte, 60_000))
	site := open(t, "-remedy thread -max-body 50000", nil)
	for _, test := range []struct {
		name, method, path, contentType string
		body                            []byte
		status                          int
		text                            string
	}{
		{"no width", "POST", "/thumbnail", "", photo, 400, "must be a number from 1 to 1024"},
		{"width of nothing", "POST", "/thumbnail?width=0", "", photo, 400, "width=0: must be a number from 1 to 1024"},
		{"negative width", "POST", "/thumbnail?width=-5", "", photo, 400, "width=-5"},
		{"width in words", "POST", "/thumbnail?width=small", "", photo, 400, "width=small"},
		{"too wide", "POST", "/thumbnail?width=1025", "", photo, 400, "width=1025"},
		{"a long name", "POST", "/thumbnail?width=50&job=" + strings.Repeat("x", 101), "", photo, 400, "the name of the job has 101 bytes"},
		{"empty body", "POST", "/thumbnail?width=50", "", nil, 400, "the picture is empty"},
		{"garbage", "POST", "/thumbnail?width=50", "", []byte("hello"), 415, "neither a JPEG nor a PNG"},
		{"half a picture", "POST", "/thumbnail?width=50", "", photo[:len(photo)/2], 400, "damaged"},
		{"a bomb", "POST", "/thumbnail?width=50", "", bomb()[:40_000], 422, "30000 x 30000, at most 100000000 are allowed"},
		{"too large", "POST", "/thumbnail?width=50", "", make([]byte, 60_000), 413, "at most 50000 bytes"},
		{"too large a form", "POST", "/thumbnail?width=50", tooMuchType, tooMuch, 413, "at most 50000 bytes"},
		{"a form without a file", "POST", "/thumbnail?width=50", noFileType, noFile, 400, "no file in the form"},
		{"half a form", "POST", "/thumbnail?width=50", fileType, file[:len(file)/2], 400, "reading the picture"},
		{"a form without a boundary", "POST", "/thumbnail?width=50", "multipart/form-data", file, 400, "boundary"},
		{"another method", "GET", "/thumbnail?width=50", "", nil, 405, "Method Not Allowed"},
		{"another path", "GET", "/", "", nil, 404, "not found"},
		{"no such job", "GET", "/jobs/nobody", "", nil, 404, "no such job"},
	} {
		a, err := site.do(t.Context(), test.method, test.path, test.contentType, test.body)
		for test.status == 413 && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
			// The server answers before it has read the body. The Write of a slow client may fail before the
			// client reads the answer.
			a, err = site.do(t.Context(), test.method, test.path, test.contentType, test.body)
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if a.status != test.status || !bytes.Contains(a.body, []byte(test.text)) {
			t.Errorf("%s: the answer is %v, want status %d and a text with %q", test.name, a, test.status, test.text)
		}
	}
	site.expect(site.post("/thumbnail?width=50", photo), 200, "")
}

// Who announces too much is told at once, and waits for nothing.
func TestTooMuchAnnounced(t *testing.T) {
	site := open(t, "-remedy thread", nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(site.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(30 * time.Second)) // half of receiveTime
	if _, err := io.WriteString(conn, "POST /thumbnail?width=50 HTTP/1.1\r\nHost: there\r\nContent-Length: 99999999999\r\n\r\nthe first of it"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("the answer is %v, %v; want status 413", answer, err)
	}
}

// What the flags say is checked before anything begins, and the message names it.
func TestBadFlags(t *testing.T) {
	for _, flags := range []string{"-remedy prayer", "-workers 0", "-queue -1", "-max-body 0", "-memory 0", "-timeout 0s", "-drain -1s", "-grace 0s", "-nothing 1", "photo.jpg"} {
		var stdout, stderr bytes.Buffer
		status := run(append(strings.Fields(flags), "-address", "localhost:0"), &stdout, &stderr)
		flag, _, _ := strings.Cut(flags, " ")
		if status != 2 || stdout.Len() > 0 || !strings.Contains(stderr.String(), flag) {
			t.Errorf("%s: exit status %d, it printed %q, and to stderr %q; want 2, nothing, and a message about %s", flags, status, &stdout, &stderr, flag)
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-h"}, &stdout, &stderr); status != 0 || strings.Contains(stderr.String(), "thumbnails: ") {
		t.Errorf("-h: exit status %d, stderr %q; want 0 and no error", status, &stderr)
	}
}
