package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"testing"
)

func TestSizes(t *testing.T) {
	for _, test := range []struct{ from, width, want string }{
		{"200x150", "50", "50x38"},
		{"150x200", "50", "50x67"},
		{"100x75", "100", "100x75"},
		{"50x20", "100", "50x20"}, // never enlarged
		{"1x1", "1", "1x1"},
		{"900x1", "10", "10x1"},
		{"1x900", "10", "1x900"},
		{"333x222", "7", "7x5"},
	} {
		var w, h, width int
		fmt.Sscanf(test.from, "%dx%d", &w, &h)
		fmt.Sscan(test.width, &width)
		picture := paint(w, h)
		for kind, file := range map[string][]byte{"jpeg": jpegOf(t, picture), "png": pngOf(t, picture)} {
			small, err := makeThumbnail(t.Context(), Request{Picture: file, Width: width}, context.Context.Err)
			if err != nil {
				t.Errorf("%s of %s: %v", kind, test.from, err)
				continue
			}
			header, is, err := image.DecodeConfig(bytes.NewReader(small.Picture))
			if got := fmt.Sprintf("%dx%d", header.Width, header.Height); got != test.want || is != kind || small.Kind != kind || err != nil {
				t.Errorf("%s of %s, width %d: got %s of %s (it says %s), error %v; want %s", kind, test.from, width, is, got, small.Kind, err, test.want)
			}
			if small.Width != header.Width || small.Height != header.Height {
				t.Errorf("%s of %s: it says %dx%d, the file has %dx%d", kind, test.from, small.Width, small.Height, header.Width, header.Height)
			}
		}
	}
}

func TestColoursAreKept(t *testing.T) {
	picture := paint(400, 300)
	for x := range 50 { // a corner that can be seen through
		for y := range 50 {
			picture.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	for kind, file := range map[string][]byte{"jpeg": jpegOf(t, picture), "png": pngOf(t, picture)} {
		thumbnail, err := makeThumbnail(t.Context(), Request{Picture: file, Width: 40}, context.Context.Err)
		if err != nil {
			t.Fatal(err)
		}
		small, _, err := image.Decode(bytes.NewReader(thumbnail.Picture))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []struct {
			x, y       int
			red, blue  bool
			seeThrough bool
		}{{8, 20, true, false, false}, {32, 20, false, true, false}, {1, 1, false, false, true}} {
			c := color.NRGBAModel.Convert(small.At(p.x, p.y)).(color.NRGBA)
			if (c.R > 128) != p.red || (c.B > 128) != p.blue {
				t.Errorf("%s: the pixel (%d, %d) is %v, want red %v, blue %v", kind, p.x, p.y, c, p.red, p.blue)
			}
			if kind == "png" && (c.A == 0) != p.seeThrough {
				t.Errorf("png: the pixel (%d, %d) is %v, want see-through %v", p.x, p.y, c, p.seeThrough)
			}
		}
	}
}

func TestBadPictures(t *testing.T) {
	photo, drawing := jpegOf(t, paint(200, 100)), pngOf(t, paint(200, 100))
	flipped := bytes.Clone(drawing)
	flipped[len(flipped)/2] ^= 1
	for name, test := range map[string]struct {
		picture []byte
		want    error
	}{
		"text":              {[]byte("hello, this is no picture"), errNotAPicture},
		"nothing":           {nil, errNotAPicture},
		"another kind":      {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), errNotAPicture},
		"half a JPEG":       {photo[:len(photo)/2], errBroken},
		"half a PNG":        {drawing[:len(drawing)/2], errBroken},
		"a PNG's first":     {drawing[:10], errBroken},
		"a JPEG's first":    {photo[:4], errBroken},
		"one bit wrong":     {flipped, errBroken},
		"more than allowed": {bomb(), errTooManyPixels},
	} {
		_, err := makeThumbnail(t.Context(), Request{Picture: test.picture, Width: 20, MaxPixels: largest}, context.Context.Err)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
}

// The computation pauses often: at least once for each 4 KiB of the file and each row.
func TestPauses(t *testing.T) {
	file := jpegOf(t, paint(800, 600))
	pauses := 0
	count := func(ctx context.Context) error { pauses++; return ctx.Err() }
	if _, err := makeThumbnail(t.Context(), Request{Picture: file, Width: 400}, count); err != nil {
		t.Fatal(err)
	}
	if least := len(file)/4096 + 300; pauses < least {
		t.Errorf("%d pauses, want at least %d", pauses, least)
	}
}

// Cancelled in whichever pause, it ends there, and says why.
func TestCancelledInAnyPause(t *testing.T) {
	for kind, file := range map[string][]byte{"jpeg": jpegOf(t, paint(160, 120)), "png": pngOf(t, paint(160, 120))} {
		for stop := 1; ; stop++ {
			ctx, cancel := context.WithCancel(t.Context())
			pauses := 0
			_, err := makeThumbnail(ctx, Request{Picture: file, Width: 40}, func(ctx context.Context) error {
				if pauses++; pauses == stop {
					cancel()
				}
				return ctx.Err()
			})
			cancel()
			if pauses < stop {
				if err != nil || stop < 31 {
					t.Errorf("%s: it was through after %d pauses with the error %v", kind, pauses, err)
				}
				break
			}
			if err != context.Canceled || pauses > stop+1 { // image.Decode asks twice for the first bytes
				t.Fatalf("%s: cancelled in pause %d: error %v after %d pauses", kind, stop, err, pauses)
			}
		}
	}
}
