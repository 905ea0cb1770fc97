package asyncio

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// chunkSuffix ends the name of a call for a chunk of several elements. The argument of such a call
// is a list of encoded arguments. The result is the duration in nanoseconds, and a list with an
// entry for each element: a byte, 0 for a value and 1 for an error, and the encoded value or
// error. An entry of a list has its length (binary.AppendUvarint) before it.
const chunkSuffix = "[]"

var errBadChunk = errors.New("a chunk is truncated")

func appendPart(b, part []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

func cutPart(b []byte) (part, rest []byte, err error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, errBadChunk
	}
	return b[k : k+int(n) : k+int(n)], b[k+int(n):], nil
}

// callChunk calls the function for all elements in one call. It passes the duration, and the
// size of the larger message, to measured.
func (f *Func[A, R]) callChunk(ctx context.Context, exec Executor, chunk []A, measured func(elements, bytes int, took time.Duration)) ([]Result[R], error) {
	c := newCall(f.name+chunkSuffix, nil)
	if exec.Local() {
		return f.callChunkLocal(ctx, exec, c, chunk, measured)
	}
	results := make([]Result[R], len(chunk))
	var sent []int // the elements that could be encoded
	for i, a := range chunk {
		b, err := encode(a, false)
		if err != nil {
			results[i].Err = fmt.Errorf("%w: the argument of %q: %w", ErrEncoding, f.name, err)
			continue
		}
		c.arg = appendPart(c.arg, b)
		sent = append(sent, i)
	}
	if len(sent) == 0 {
		return results, nil
	}
	if err := c.await(ctx, exec); err != nil {
		return nil, err
	}
	took, k := binary.Uvarint(c.result)
	if k <= 0 {
		return nil, fmt.Errorf("%w: the result of %q: %w", ErrEncoding, c.name, errBadChunk)
	}
	rest := c.result[k:]
	for _, i := range sent {
		part, r, err := cutPart(rest)
		if err != nil || len(part) == 0 {
			return nil, fmt.Errorf("%w: the result of %q: %w", ErrEncoding, c.name, errBadChunk)
		}
		rest = r
		if part[0] != 0 {
			results[i].Err = DecodeError(part[1:])
		} else if results[i].Value, err = decode[R](part[1:]); err != nil {
			results[i].Err = fmt.Errorf("%w: the result of %q: %w", ErrEncoding, f.name, err)
		}
	}
	measured(len(sent), max(len(c.arg), len(c.result)), time.Duration(took))
	return results, nil
}

func (f *Func[A, R]) callChunkLocal(ctx context.Context, exec Executor, c *Call, chunk []A, measured func(elements, bytes int, took time.Duration)) ([]Result[R], error) {
	results := make([]Result[R], len(chunk))
	for i := range chunk {
		results[i].Err = f.checkInDebug(ctx, "argument", func() error { return roundTrip(chunk[i]) })
	}
	var took time.Duration
	c.local = func(ctx context.Context) error {
		start := time.Now()
		inGoroutine(func() {
			each(0, len(chunk), func(i int) (err error) {
				if results[i].Err != nil {
					return results[i].Err
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				results[i].Value, err = f.fn(ctx, chunk[i])
				return err
			}, func(i int, err error) { results[i].Err = err })
		})
		took = time.Since(start)
		return nil
	}
	if err := c.await(ctx, exec); err != nil {
		return nil, err
	}
	for i, r := range results {
		if r.Err == nil {
			results[i].Err = f.checkInDebug(ctx, "result", func() error { return roundTrip(r.Value) })
		}
		if results[i].Err != nil {
			results[i].Value = *new(R)
		}
	}
	measured(len(chunk), 0, took)
	return results, nil
}

// chunkOf returns the execution of chunks of a function.
func chunkOf(execute execution) execution {
	return func(ctx context.Context, arg []byte) ([]byte, error) {
		var args [][]byte
		for len(arg) > 0 {
			part, rest, err := cutPart(arg)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
			}
			args, arg = append(args, part), rest
		}
		var results []byte
		start := time.Now()
		inGoroutine(func() {
			each(0, len(args), func(i int) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				r, err := execute(ctx, args[i])
				if err == nil {
					results = appendPart(results, append([]byte{0}, r...))
				}
				return err
			}, func(_ int, err error) {
				if err != nil {
					results = appendPart(results, append([]byte{1}, EncodeError(err)...))
				}
			})
		})
		took := binary.AppendUvarint(nil, uint64(time.Since(start)))
		return append(took, results...), nil
	}
}
