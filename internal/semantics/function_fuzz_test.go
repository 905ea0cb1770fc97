package semantics_test

import (
	"context"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// Arguments and results of chunks may be truncated or damaged.

func FuzzExecute_chunk(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x01a\x02bc\x00"))
	f.Add([]byte("\x05cut"))
	f.Add(binary.AppendUvarint(nil, 1<<63))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, arg []byte) {
		for _, name := range []string{"test.codec.bytes[]", "test.echo-int[]", "test.echo-int"} {
			result, err := asyncio.Execute(t.Context(), name, arg)
			if err != nil {
				wantErr(t, name, err, asyncio.ErrEncoding)
			} else if len(result) == 0 {
				t.Errorf("%s: neither result nor error", name)
			}
		}
	})
}

func FuzzMap_chunkResult(f *testing.F) {
	whole, err := asyncio.Execute(f.Context(), "test.codec.bytes[]", []byte("\x01a\x02bc\x00"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-1])
	f.Add([]byte{})
	f.Add([]byte("\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x02\x01x\x01\x00\x01\x00"))
	f.Add(binary.AppendUvarint([]byte{0}, 1<<63))
	f.Fuzz(func(t *testing.T, result []byte) {
		err := asyncio.Run(t.Context(), func(ctx context.Context) error {
			exec := &remote{execute: func(context.Context, string, []byte) ([]byte, error) { return result, nil }}
			n := 0
			for range echoInt.Map(ctx, exec, upTo(3), asyncio.ChunkSize(3)) {
				n++
			}
			for range echoBytes.Map(ctx, exec, slices.Values([][]byte{nil, nil}), asyncio.ChunkSize(2)) {
				n++
			}
			if n != 5 {
				t.Errorf("%q: %d elements, want 5", result, n)
			}
			return exec.Close(ctx)
		})
		if err != nil {
			t.Errorf("%q: %v", result, err)
		}
	})
}
