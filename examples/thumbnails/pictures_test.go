package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"sync"
	"testing"
)

// This file makes the pictures of the tests.

// paint fills a picture: red on the left, blue on the right, and grainy, so that
// the files have the size of real ones.
func paint(width, height int) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	grain := uint32(1)
	for y := range height {
		for x := range width {
			grain = grain*1664525 + 1013904223
			c := color.NRGBA{R: 200, G: uint8(grain >> 27), A: 255}
			if x >= width/2 {
				c = color.NRGBA{B: 200, G: uint8(grain >> 27), A: 255}
			}
			picture.SetNRGBA(x, y, c)
		}
	}
	return picture
}

func jpegOf(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t *testing.T, picture image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bomb is a correct PNG file of some 120 kB whose picture takes 900 MB of memory:
// 30,000 x 30,000 pixels of one bit, all of them black.
var bomb = sync.OnceValue(func() []byte {
	const side = 30_000
	header := binary.BigEndian.AppendUint32(nil, side)
	header = binary.BigEndian.AppendUint32(header, side)
	header = append(header, 1, 0, 0, 0, 0) // one bit of grey
	var file bytes.Buffer
	file.WriteString("\x89PNG\r\n\x1a\n")
	for _, chunk := range []struct {
		kind string
		data []byte
	}{{"IHDR", header}, {"IDAT", packedZeros(side, 1+(side+7)/8)}, {"IEND", nil}} {
		body := append([]byte(chunk.kind), chunk.data...)
		file.Write(binary.BigEndian.AppendUint32(nil, uint32(len(chunk.data))))
		file.Write(body)
		file.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
	}
	return file.Bytes()
})

// packedZeros compresses so many rows of zeros as zlib does. Only a few of them are really
// compressed: what comes out for the second hundred is as good for all others.
func packedZeros(rows, length int) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // the level is a good one
	zeros := make([]byte, 100*length)
	flushed := func() []byte {
		defer b.Reset()
		w.Flush()
		return bytes.Clone(b.Bytes())
	}
	w.Write(zeros)
	first := flushed()
	w.Write(zeros)
	other := flushed()
	w.Close()
	packed := slices.Concat([]byte{0x78, 0xda}, first, bytes.Repeat(other, rows/100-1), b.Bytes())
	const modulus = 65521 // of Adler-32, whose low half is 1 for zeros, and whose high half counts them
	return binary.BigEndian.AppendUint32(packed, uint32(rows*length%modulus)<<16|1)
}
