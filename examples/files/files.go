package main

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"os"

	"github.com/asyncio-go/asyncio"
)

// chunk is what is written and read at a time. Between two chunks the functions
// look whether they are cancelled, so it also bounds how long that takes.
const chunk = 1 << 20

// create makes a file of what fill writes, in a thread, and returns what fill
// returns. If that fails or is cancelled, no file is left behind.
func create(ctx context.Context, name string, fill func(ctx context.Context, w io.Writer) (uint32, error)) (uint32, error) {
	return asyncio.ToThread(ctx, func(ctx context.Context) (uint32, error) {
		f, err := os.Create(name)
		if err != nil {
			return 0, err
		}
		sum, err := fill(ctx, f)
		if err = errors.Join(err, f.Close()); err != nil {
			os.Remove(name)
			return 0, err
		}
		return sum, nil
	})
}

// read reads a file in a thread and returns its checksum.
func read(ctx context.Context, name string) (uint32, error) {
	return asyncio.ToThread(ctx, func(ctx context.Context) (uint32, error) {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		return digest(ctx, f)
	})
}

// megabytes and digest are ordinary blocking code. The ctx that ToThread gives them
// is cancelled with the task that waits; it has no loop, and they need none.

// megabytes writes so many and returns their checksum.
func megabytes(ctx context.Context, w io.Writer, mb int) (uint32, error) {
	sum := crc32.NewIEEE()
	buf := make([]byte, chunk)
	for i := range mb {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for j := range buf {
			buf[j] = byte(i + j*j>>8)
		}
		sum.Write(buf) // a hash never fails
		if _, err := w.Write(buf); err != nil {
			return 0, err
		}
	}
	return sum.Sum32(), nil
}

// digest reads to the end and returns the checksum.
func digest(ctx context.Context, r io.Reader) (uint32, error) {
	sum := crc32.NewIEEE()
	buf := make([]byte, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(buf)
		sum.Write(buf[:n])
		if err == io.EOF {
			return sum.Sum32(), nil
		}
		if err != nil {
			return 0, err
		}
	}
}
