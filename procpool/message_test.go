//go:build linux

package procpool_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

// pattern returns n bytes. Each block of 256 contains the seed and its offset.
func pattern(n, seed int) []byte {
	b := make([]byte, n, n+256)
	for at := 0; at < n; at += 256 {
		place := binary.LittleEndian.AppendUint64(b[at:at], uint64(seed))
		binary.LittleEndian.AppendUint64(place, uint64(at))
	}
	return b
}

type message struct {
	Title string
	Body  []byte
}

var (
	makes = asyncio.Register("procpool.test.makes", func(_ context.Context, n int) ([]byte, error) { return pattern(n, n), nil })
	sums  = asyncio.Register("procpool.test.sums", func(_ context.Context, b []byte) (bool, error) {
		return bytes.Equal(b, pattern(len(b), len(b))), nil
	})
	second   = asyncio.Register("procpool.test.second", func(_ context.Context, b []byte) ([]byte, error) { return b[len(b)/2:], nil })
	shouts   = asyncio.Register("procpool.test.shouts", func(_ context.Context, s string) (string, error) { return s + "!", nil })
	messages = asyncio.Register("procpool.test.messages", func(_ context.Context, l message) (message, error) {
		return message{l.Title + "!", l.Body}, nil
	})
	writes = asyncio.Register("procpool.test.writes", func(_ context.Context, b []byte) ([]byte, error) {
		for i := range b {
			b[i] ^= 0xFF
		}
		return b, nil
	})
)

// sizes are near the limits of an empty body, one write, and shared memory.
var sizes = []int{0, 1, 100, 32<<10 - 1, 32 << 10, 32<<10 + 1, 200_000, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 20, 64 << 20, 3 << 20, 7}

func TestPayloads(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		for _, n := range sizes {
			b := pattern(n, n)
			if same, err := sums.Call(ctx, pool, b); !same || err != nil {
				t.Errorf("%d bytes to the worker: same: %v, %v", n, same, err)
			}
			if got, err := makes.Call(ctx, pool, n); !bytes.Equal(got, b) || err != nil {
				t.Errorf("%d bytes from the worker: %d, %v", n, len(got), err)
			}
			if got, err := echo.Call(ctx, pool, b); !bytes.Equal(got, b) || err != nil {
				t.Errorf("%d bytes echoed: %d, %v", n, len(got), err)
			}
		}
		if n := pool.Stats().Started; n != 1 {
			t.Errorf("%d workers were started; want 1", n)
		}
	})
}

// mappingOf returns the line of /proc/self/maps that contains the argument.
var mappingOf = asyncio.Register("procpool.test.mappingOf", func(_ context.Context, b []byte) (string, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	at := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err == nil && from <= at && at < to {
			return line, nil
		}
	}
	return "", err
})

// TestSharedMemory: a large argument passes through shared memory, a small one through the pipe.
func TestSharedMemory(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		for n, shared := range map[int]bool{1000: false, 8 << 20: true} {
			mapping, err := mappingOf.Call(ctx, pool, pattern(n, 1))
			if err != nil || mapping == "" || strings.Contains(mapping, "memfd:") != shared {
				t.Errorf("%d bytes lie in %q, %v; want in shared memory: %v", n, mapping, err, shared)
			}
		}
	})
}

// TestLargeValuesOfOtherTypes sends several large values of other types at the same time.
func TestLargeValuesOfOtherTypes(t *testing.T) {
	onPool(t, procpool.Options{Workers: 2}, func(ctx context.Context, pool *procpool.Pool) {
		text := string(pattern(5<<20, 3))
		body := pattern(3<<20, 1)
		var strs []*asyncio.Task[string]
		var structs []*asyncio.Task[message]
		for range 2 {
			strs = append(strs, shouts.Submit(ctx, pool, text))
			structs = append(structs, messages.Submit(ctx, pool, message{"title", body}))
		}
		for i := range strs {
			if s, err := strs[i].Await(ctx); s != text+"!" || err != nil {
				t.Errorf("a string: %d bytes, %v", len(s), err)
			}
			if l, err := structs[i].Await(ctx); l.Title != "title!" || !bytes.Equal(l.Body, body) || err != nil {
				t.Errorf("a struct: %q, %d bytes, %v", l.Title, len(l.Body), err)
			}
		}
	})
}

// TestAlias: results that alias the argument arrive unchanged, and later calls do not change them.
func TestAlias(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		for _, n := range []int{1000, 6 << 20} {
			one, two := pattern(n, 1), pattern(n, 2)
			first, err := second.Call(ctx, pool, one)
			if err != nil {
				t.Error(err)
			}
			changed, err := writes.Call(ctx, pool, two)
			if err != nil {
				t.Error(err)
			}
			if !bytes.Equal(first, one[n/2:]) {
				t.Errorf("%d bytes: a part of the argument arrived changed", n)
			}
			for i := range changed {
				changed[i] ^= 0xFF
			}
			if !bytes.Equal(changed, two) || !bytes.Equal(two, pattern(n, 2)) {
				t.Errorf("%d bytes: the changed argument arrived wrong, or the caller's was changed", n)
			}
		}
	})
}

func TestMaxMessage(t *testing.T) {
	for _, limit := range []int{1000, 2 << 20} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			onPool(t, procpool.Options{Workers: 1, MaxMessage: int64(limit)}, func(ctx context.Context, pool *procpool.Pool) {
				if got, err := echo.Call(ctx, pool, pattern(limit, 1)); len(got) != limit || err != nil {
					t.Errorf("a message at the limit: %d bytes, %v", len(got), err)
				}
				_, argErr := sums.Call(ctx, pool, pattern(limit+1, 1))
				_, resultErr := makes.Call(ctx, pool, limit+1)
				for what, err := range map[string]error{`the argument of "procpool.test.sums"`: argErr, `the result of "procpool.test.makes"`: resultErr} {
					want := fmt.Sprintf("%s has %d bytes, the limit is %d (Options.MaxMessage)", what, limit+1, limit)
					if !errors.Is(err, procpool.ErrTooLarge) || !strings.Contains(err.Error(), want) {
						t.Errorf("error %v; want ErrTooLarge with %q", err, want)
					}
				}
				if n, err := square.Call(ctx, pool, 3); n != 9 || err != nil {
					t.Errorf("the next call: %d, %v", n, err)
				}
				if n := pool.Stats().Started; n != 1 {
					t.Errorf("%d workers were started; want 1", n)
				}
			})
		})
	}
}

// TestMap_ChunkAboveMaxMessage: if a chunk is above MaxMessage, Map sends its elements alone.
func TestMap_ChunkAboveMaxMessage(t *testing.T) {
	const limit, size, n = 1 << 20, 300 << 10, 20
	onPool(t, procpool.Options{Workers: 2, MaxMessage: limit}, func(ctx context.Context, pool *procpool.Pool) {
		for name, opts := range map[string][]asyncio.MapOption{"measured": nil, "fixed": {asyncio.ChunkSize(8)}} {
			args, results := 0, 0
			for sum, err := range sums.Map(ctx, pool, slices.Values(slices.Repeat([][]byte{pattern(size, size)}, n)), opts...) {
				if !sum || err != nil {
					t.Errorf("%s: an argument: %v", name, err)
				}
				args++
			}
			for b, err := range makes.Map(ctx, pool, slices.Values(slices.Repeat([]int{size}, n)), opts...) {
				if len(b) != size || err != nil {
					t.Errorf("%s: a result: %d bytes, %v", name, len(b), err)
				}
				results++
			}
			if args != n || results != n {
				t.Errorf("%s: %d and %d elements; want %d", name, args, results, n)
			}
		}
	})
}

// A failingCodec fails to encode or to decode, depending on Mode.
type failingCodec struct{ Mode string }

func (m failingCodec) GobEncode() ([]byte, error) {
	if m.Mode == "encode" {
		return nil, errors.New("encoding fails")
	}
	return []byte(m.Mode), nil
}

func (m *failingCodec) GobDecode(b []byte) error {
	if m.Mode = string(b); m.Mode == "decode" {
		return errors.New("decoding fails")
	}
	return nil
}

var (
	takesFailing = asyncio.Register("procpool.test.takesFailing", func(_ context.Context, m failingCodec) (string, error) { return m.Mode, nil })
	givesFailing = asyncio.Register("procpool.test.givesFailing", func(_ context.Context, mode string) (failingCodec, error) { return failingCodec{mode}, nil })
)

var callsUnknown = asyncio.Register("procpool.test.callsUnknown", func(ctx context.Context, name string) ([]byte, error) {
	return asyncio.Execute(ctx, name, nil)
})

// TestEncodingErrors: a value that cannot be encoded or decoded is the error of its call only.
func TestEncodingErrors(t *testing.T) {
	onPool(t, procpool.Options{Workers: 1}, func(ctx context.Context, pool *procpool.Pool) {
		_, encode := takesFailing.Call(ctx, pool, failingCodec{"encode"})
		_, decode := takesFailing.Call(ctx, pool, failingCodec{"decode"})
		_, encodeResult := givesFailing.Call(ctx, pool, "encode")
		_, decodeResult := givesFailing.Call(ctx, pool, "decode")
		for _, c := range []struct {
			err  error
			text string
		}{
			{encode, `the argument of "procpool.test.takesFailing": encoding fails`}, {decode, `the argument of "procpool.test.takesFailing": decoding fails`},
			{encodeResult, `the result of "procpool.test.givesFailing": encoding fails`}, {decodeResult, `the result of "procpool.test.givesFailing": decoding fails`},
		} {
			if !errors.Is(c.err, asyncio.ErrEncoding) || !strings.Contains(c.err.Error(), c.text) {
				t.Errorf("error %v; want ErrEncoding with %q", c.err, c.text)
			}
		}
		if _, err := callsUnknown.Call(ctx, pool, "not.registered"); !errors.Is(err, asyncio.ErrNotRegistered) || !strings.Contains(err.Error(), `"not.registered"`) {
			t.Errorf("error %v; want ErrNotRegistered with the name", err)
		}
		if got, err := takesFailing.Call(ctx, pool, failingCodec{"none"}); got != "none" || err != nil {
			t.Errorf("the next call: %q, %v", got, err)
		}
		if n := pool.Stats().Started; n != 1 {
			t.Errorf("%d workers were started; want 1", n)
		}
	})
}
