package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"github.com/asyncio-go/asyncio"
)

// A Request is the argument of Make. It may travel to another process.
type Request struct {
	Picture   []byte // a JPEG or PNG file
	Width     int    // of the thumbnail; a narrower picture keeps its own
	MaxPixels int64  // refuse pictures that say they have more; 0: do not ask
}

// A Thumbnail is a picture of the same kind as the one it was made of.
type Thumbnail struct {
	Picture       []byte
	Kind          string // jpeg or png
	Width, Height int
}

// What can be wrong with a picture. The errors are registered, so that errors.Is
// knows them also when they come from another process.
var (
	errNotAPicture   = asyncio.RegisterError("thumbnails.not-a-picture", errors.New("neither a JPEG nor a PNG file"))
	errBroken        = asyncio.RegisterError("thumbnails.broken", errors.New("the picture is damaged"))
	errTooManyPixels = asyncio.RegisterError("thumbnails.too-many-pixels", errors.New("the picture has too many pixels"))
)

// Make is the computation as a registered function, for executors. There
// nobody has to be let in between, so a pause only asks whether to go on.
var Make = asyncio.Register("thumbnails.make", func(ctx context.Context, r Request) (Thumbnail, error) {
	return makeThumbnail(ctx, r, context.Context.Err)
})

// makeThumbnail does the work that would block a loop: a large photograph takes
// half a second. It calls pause every few milliseconds and gives up if that fails.
func makeThumbnail(ctx context.Context, r Request, pause func(ctx context.Context) error) (Thumbnail, error) {
	picture, kind, err := decode(ctx, r, pause)
	if err != nil {
		return Thumbnail{}, err
	}
	small, err := scale(ctx, picture, r.Width, pause)
	if err != nil {
		return Thumbnail{}, err
	}
	var file bytes.Buffer
	if kind == "png" {
		err = png.Encode(&file, small)
	} else {
		err = jpeg.Encode(&file, small, &jpeg.Options{Quality: 85})
	}
	size := small.Bounds()
	asyncio.Progress(ctx, int64(size.Dy()), int64(size.Dy()), "encoded")
	return Thumbnail{file.Bytes(), kind, size.Dx(), size.Dy()}, err
}

func decode(ctx context.Context, r Request, pause func(ctx context.Context) error) (image.Image, string, error) {
	header, kind, err := image.DecodeConfig(bytes.NewReader(r.Picture))
	switch pixels := int64(header.Width) * int64(header.Height); {
	case errors.Is(err, image.ErrFormat):
		return nil, "", errNotAPicture
	case err != nil:
		return nil, "", fmt.Errorf("%w: %w", errBroken, err)
	case r.MaxPixels > 0 && pixels > r.MaxPixels:
		return nil, "", fmt.Errorf("%w: %d x %d, at most %d are allowed", errTooManyPixels, header.Width, header.Height, r.MaxPixels)
	}
	reader := &pausingReader{ctx: ctx, pause: pause, file: bytes.NewReader(r.Picture)}
	picture, _, err := image.Decode(reader)
	switch {
	case ctx.Err() != nil:
		return nil, "", ctx.Err()
	case err != nil:
		return nil, "", fmt.Errorf("%w: %w", errBroken, err)
	}
	return picture, kind, nil
}

// pausingReader pauses whenever a decoder wants more of the file. The decoder
// knows nothing of it: what may suspend a task may do so at any depth of calls.
type pausingReader struct {
	ctx   context.Context
	pause func(ctx context.Context) error
	file  *bytes.Reader
}

func (r *pausingReader) Read(p []byte) (int, error) {
	if err := r.pause(r.ctx); err != nil {
		return 0, err
	}
	asyncio.Progress(r.ctx, r.file.Size()-int64(r.file.Len()), r.file.Size(), "decoding")
	return io.LimitReader(r.file, 4096).Read(p)
}

// scale makes the picture so wide, row by row.
func scale(ctx context.Context, picture image.Image, width int, pause func(ctx context.Context) error) (*image.RGBA, error) {
	from := picture.Bounds()
	if from.Empty() {
		return nil, fmt.Errorf("%w: it is %d x %d", errBroken, from.Dx(), from.Dy())
	}
	width = min(width, from.Dx())
	factor := float64(width) / float64(from.Dx())
	height := max(1, int(factor*float64(from.Dy())+0.5))
	down := float64(height) / float64(from.Dy())
	matrix := f64.Aff3{
		factor, 0, -factor * float64(from.Min.X),
		0, down, -down * float64(from.Min.Y),
	}
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		if err := pause(ctx); err != nil {
			return nil, err
		}
		asyncio.Progress(ctx, int64(y), int64(height), "scaling")
		row := small.SubImage(image.Rect(0, y, width, y+1)).(*image.RGBA)
		draw.BiLinear.Transform(row, matrix, picture, from, draw.Src, nil)
	}
	return small, nil
}
