package stalls

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/andybalholm/brotli"
	"github.com/fxamacker/cbor/v2"
	"github.com/golang/snappy"
	"github.com/hamba/avro/v2"
	jsoniter "github.com/json-iterator/go"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/vmihailenco/msgpack/v5"
	"go.mongodb.org/mongo-driver/v2/bson"
)

var codecs = []program{
	{name: "msgpack", class: "cpu,gc", call: "msgpack/v5.Marshal", advice: "asyncio.ToThread", run: msgpackMarshals},
	{name: "cbor", class: "cpu,gc", call: "cbor/v2.Unmarshal", advice: "asyncio.ToThread", run: cborUnmarshals},
	{name: "avro", class: "cpu", call: "avro/v2.Marshal", advice: "asyncio.ToThread", run: avroMarshals},
	{name: "bson", class: "cpu,gc", call: "bson.Marshal", advice: "asyncio.ToThread", run: bsonMarshals},
	{name: "toml", class: "cpu,gc", call: "toml.Decode", advice: "asyncio.ToThread", run: tomlDecodes},
	{name: "jsoniter", class: "cpu,gc", call: "json-iterator/go.", advice: "asyncio.ToThread", run: jsoniterMarshals},
	{name: "jsoniter-hook", by: "export", class: "sleep", call: "time.Sleep", advice: "asyncio.Sleep", run: jsoniterCallsHook},
	{name: "lz4", class: "cpu", call: "lz4/v4.CompressBlockHC", advice: "asyncio.ToThread", run: lz4Compresses},
	{name: "snappy", class: "cpu", call: "snappy.Encode", advice: "asyncio.ToThread", run: snappyEncodes},
	{name: "brotli", class: "cpu", call: "brotli.(*Writer).Write", advice: "asyncio.ToThread", run: brotliWrites},
	{name: "xz", class: "cpu", call: "io.Copy", advice: "asyncio.ToThread", run: xzReads},
}

// An item is what the codecs encode.
type item struct {
	Name   string   `avro:"name"`
	Amount int64    `avro:"amount"`
	Tags   []string `avro:"tags"`
}

func items(n int) []item {
	list := make([]item, n)
	for i := range list {
		list[i] = item{Name: fmt.Sprintf("item %d", i), Amount: rand.Int64(), Tags: []string{"new", "sent", "paid"}}
	}
	return list
}

// text returns n bytes for the compressors.
func text(n int) []byte {
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "%x order %d of %v\n", rand.Uint64(), rand.IntN(1000), "shop")
	}
	return b.Bytes()[:n]
}

func msgpackMarshals(ctx context.Context) error {
	list := items(20_000)
	must(settle(ctx))
	again(func() { got(msgpack.Marshal(list)) }) // guilty: msgpack
	return nil
}

func cborUnmarshals(ctx context.Context) error {
	data := got(cbor.Marshal(items(20_000)))
	must(settle(ctx))
	var list []item
	again(func() { must(cbor.Unmarshal(data, &list)) }) // guilty: cbor
	return nil
}

func avroMarshals(ctx context.Context) error {
	schema := avro.MustParse(`{"type": "array", "items": {"type": "record", "name": "item", "fields": [
		{"name": "name", "type": "string"}, {"name": "amount", "type": "long"},
		{"name": "tags", "type": {"type": "array", "items": "string"}}]}}`)
	list := items(20_000)
	must(settle(ctx))
	again(func() { got(avro.Marshal(schema, list)) }) // guilty: avro
	return nil
}

func bsonMarshals(ctx context.Context) error {
	list := bson.M{"items": items(20_000)}
	must(settle(ctx))
	again(func() { got(bson.Marshal(list)) }) // guilty: bson
	return nil
}

func tomlDecodes(ctx context.Context) error {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "[item%d]\nname = \"item\"\namount = %d\ntags = [\"new\", \"sent\"]\n", i, i)
	}
	must(settle(ctx))
	again(func() {
		var config map[string]any
		got(toml.Decode(b.String(), &config)) // guilty: toml
	})
	return nil
}

func jsoniterMarshals(ctx context.Context) error {
	list := items(20_000)
	must(settle(ctx))
	again(func() { got(jsoniter.ConfigCompatibleWithStandardLibrary.Marshal(list)) }) // guilty: jsoniter
	return nil
}

// A lookup waits for a value while it is encoded.
type lookup struct{}

func (lookup) MarshalJSON() ([]byte, error) {
	begin()
	time.Sleep(lasts) // guilty: jsoniter-hook
	end()
	return []byte(`"found"`), nil
}

func jsoniterCallsHook(ctx context.Context) error {
	must(settle(ctx))
	got(jsoniter.Marshal(map[string]any{"a": lookup{}}))
	return nil
}

func lz4Compresses(ctx context.Context) error {
	data := text(1 << 20)
	out := make([]byte, lz4.CompressBlockBound(len(data)))
	must(settle(ctx))
	again(func() { got(lz4.CompressBlockHC(data, out, lz4.Level9, nil, nil)) }) // guilty: lz4
	return nil
}

func snappyEncodes(ctx context.Context) error {
	data := text(16 << 20)
	out := make([]byte, snappy.MaxEncodedLen(len(data)))
	must(settle(ctx))
	again(func() { snappy.Encode(out, data) }) // guilty: snappy
	return nil
}

func brotliWrites(ctx context.Context) error {
	data := text(1 << 20)
	must(settle(ctx))
	again(func() {
		w := brotli.NewWriterLevel(io.Discard, brotli.BestCompression)
		got(w.Write(data)) // guilty: brotli
	})
	return nil
}

func xzReads(ctx context.Context) error {
	var packed bytes.Buffer
	w := got(xz.NewWriter(&packed))
	got(w.Write(text(1 << 20)))
	must(w.Close())
	must(settle(ctx))
	again(func() {
		r := got(xz.NewReader(bytes.NewReader(packed.Bytes())))
		got(io.Copy(io.Discard, r)) // guilty: xz
	})
	return nil
}
