package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// receiveTime is how long a client may take to send the body.
const receiveTime = time.Minute

// A badRequest is a request that does not contain what it should.
type badRequest struct{ text string }

func (e *badRequest) Error() string { return e.text }

// receive reads the picture: the body itself, or the first file of a multipart form.
// The task is suspended while the client is slow.
func receive(ctx context.Context, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	control := http.NewResponseController(w)
	// Errors are for writers that know no deadline, such as a test's recorder.
	control.SetReadDeadline(time.Now().Add(receiveTime))
	picture, err := readPicture(r)
	if err == nil {
		// Only a body read to its end lets net/http notice that the client goes away.
		_, err = io.Copy(io.Discard, r.Body)
	}
	control.SetReadDeadline(time.Time{}) // what follows is only the watch for the client's leaving
	switch tooLarge := new(http.MaxBytesError); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &tooLarge):
		return nil, err
	case err != nil:
		return nil, &badRequest{fmt.Sprintf("reading the picture: %v", err)}
	case len(picture) == 0:
		return nil, &badRequest{"the picture is empty; send a JPEG or PNG file as the body, or as a file of a multipart form"}
	}
	return picture, nil
}

func readPicture(r *http.Request) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(r.Body)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := parts.NextPart()
		switch {
		case err == io.EOF:
			return nil, errors.New("no file in the form")
		case err != nil:
			return nil, err
		case part.FileName() != "":
			return io.ReadAll(part)
		}
	}
}
