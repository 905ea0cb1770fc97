package semantics_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"math"
	"math/big"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

type (
	colour   string
	blob     []byte
	octet    uint8
	point    struct{ X, Y int }
	nothing  struct{}
	optional struct {
		P *point
		N *int
		S []string
		M map[string]point
	}
	tree struct {
		Name     string
		Children []*tree
	}
	box      struct{ V any }
	stranger struct{ N int } // gob does not know it
	// sealed travels by methods of its own.
	sealed struct{ secret string }
	stamp  struct{ at int64 }
	// fussy panics when it is given bytes that it did not make.
	fussy struct{ n byte }
	// noted embeds what has an encoding of its own, and has one that keeps the rest.
	noted struct {
		time.Time
		Note string
	}
	brief struct {
		noted
		_ int
	}
	plain struct{ time.Time }
	// mute cannot be encoded.
	mute struct{ N int }
)

func init() { gob.Register(point{}) }

func (s sealed) GobEncode() ([]byte, error)     { return []byte(s.secret), nil }
func (s *sealed) GobDecode(b []byte) error      { s.secret = string(b); return nil }
func (s *stamp) MarshalBinary() ([]byte, error) { return []byte{byte(s.at)}, nil }
func (s *stamp) UnmarshalBinary(b []byte) error { s.at = int64(b[0]); return nil }
func (n noted) GobEncode() ([]byte, error)      { return []byte(n.Format(time.RFC3339) + n.Note), nil }
func (n *noted) GobDecode(b []byte) (err error) {
	const length = len("2024-02-29T01:02:03Z")
	n.Note = string(b[length:])
	n.Time, err = time.Parse(time.RFC3339, string(b[:length]))
	return err
}
func (f fussy) GobEncode() ([]byte, error) { return nil, nil }
func (f *fussy) GobDecode(b []byte) error  { f.n = b[0]; return nil }
func (mute) GobEncode() ([]byte, error)    { return nil, errMute }
func (*mute) GobDecode([]byte) error       { return nil }

var errMute = errors.New("it does not tell")

// echoed registers a function for the type and returns a test that sends the values there and back.
func echoed[T any](name string, values ...T) func(ctx context.Context, t *testing.T) {
	f := identity[T]("test.codec." + name)
	return func(ctx context.Context, t *testing.T) {
		exec := &remote{}
		check := func(call string, got T, err error, want T) {
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s gave %#v, %v; want %#v", call, got, err, want)
			}
		}
		for _, v := range values {
			got, err := f.Call(ctx, exec, v)
			check("Call", got, err, v)
			got, err = f.Submit(ctx, exec, v).Await(ctx)
			check("Submit", got, err, v)
		}
		i := 0
		for got, err := range f.Map(ctx, exec, slices.Values(values), asyncio.ChunkSize(len(values))) {
			check("Map", got, err, values[i])
			i++
		}
		if i != len(values) {
			t.Errorf("Map gave %d elements of %d", i, len(values))
		}
	}
}

var (
	one     = 1
	leapDay = time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC)
)

var echoes = map[string]func(ctx context.Context, t *testing.T){
	"bool":         echoed("bool", true, false),
	"int":          echoed("int", 0, -1, math.MaxInt),
	"octet":        echoed("octet", octet(0), octet(255)),
	"float64":      echoed("float64", 0, 1.5, -1e300),
	"complex128":   echoed("complex128", 1+2i),
	"string":       echoed("string", "", "a\x00\xff", strings.Repeat("x", 1<<17)),
	"named string": echoed("colour", colour(""), colour("blue")),
	"[]byte":       echoed("bytes", []byte{0}, bytes.Repeat([]byte{7}, 1<<17)),
	"named []byte": echoed("blob", blob{1, 2}),
	"[]octet":      echoed("octets", []octet{1, 2}),
	"[][]byte":     echoed("lists", [][]byte{{1}, {2, 3}}),
	"array":        echoed("array", [3]int{}, [3]int{0, 1, 2}),
	"map":          echoed("map", map[string][]int{"a": {1}, "b": nil}),
	"struct":       echoed("struct", point{}, point{1, 2}),
	"empty struct": echoed("nothing", struct{}{}),
	"named empty":  echoed("named-nothing", nothing{}),
	"pointer":      echoed("pointer", nil, &point{}, &point{1, 2}),
	"pointer to 1": echoed("int-pointer", nil, &one),
	"optional":     echoed("optional", optional{}, optional{P: &point{}, N: &one, S: []string{""}, M: map[string]point{"": {}}}),
	"recursive":    echoed("tree", tree{}, tree{"a", []*tree{{"b", nil}, {"c", []*tree{{}}}}}),
	"any":          echoed[any]("any", nil, 1, "text", point{1, 2}),
	"any field":    echoed("box", box{}, box{1}, box{point{1, 2}}),
	"time":         echoed("time", time.Time{}, time.Date(2024, 2, 29, 1, 2, 3, 4, time.UTC)),
	"url":          echoed("url", &url.URL{Scheme: "http", Host: "example.org", Path: "/a b"}),
	"big.Int":      echoed("big", big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), 200)),
	"GobEncode":    echoed("sealed", sealed{}, sealed{"s"}),
	"embedding":    echoed("noted", noted{leapDay, "leap"}),
	"embedding it": echoed("brief", brief{noted: noted{leapDay, "leap"}}),
	"nothing else": echoed("plain", plain{leapDay}),
	"Marshal":      echoed("stamp", stamp{}, stamp{77}),
}

func TestCodec_roundTrips(t *testing.T) {
	for name, check := range echoes {
		t.Run(name, func(t *testing.T) { asynciotest.Run(t, check) })
	}
}

var (
	isNil = asyncio.Register("test.codec.is-nil", func(_ context.Context, v optional) ([4]bool, error) {
		return [4]bool{v.P == nil, v.N == nil, v.S == nil, v.M == nil}, nil
	})
	length = asyncio.Register("test.codec.length", func(_ context.Context, b []byte) (int, error) { return len(b), nil })
)

// What gob does not keep is what Register's comment says.
func TestCodec_losses(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		got, err := isNil.Call(ctx, &remote{}, optional{P: &point{}, N: new(int), S: []string{}, M: map[string]point{}})
		if want := [4]bool{false, true, true, false}; got != want || err != nil {
			t.Errorf("nil on the other side: %v, %v; want %v", got, err, want)
		}
		for _, b := range [][]byte{nil, {}} {
			if n, err := length.Call(ctx, &remote{}, b); n != 0 || err != nil {
				t.Errorf("length of %#v: %d, %v", b, n, err)
			}
		}
	})
}

var (
	echoBox    = identity[box]("test.codec.echo-box")
	echoBytes  = identity[[]byte]("test.codec.echo-bytes")
	echoInts   = identity[[]int]("test.codec.echo-ints")
	echoMute   = identity[mute]("test.codec.mute")
	makeBox    = asyncio.Register("test.codec.make", func(context.Context, int) (box, error) { return box{stranger{1}}, nil })
	takeFussy  = asyncio.Register("test.codec.fussy", func(context.Context, struct{ F *fussy }) (int, error) { return 0, nil })
	makeFussy  = asyncio.Register("test.codec.make-fussy", func(context.Context, int) (struct{ F *fussy }, error) { return struct{ F *fussy }{&fussy{1}}, nil })
	bareMethod = identity[map[string]stamp]("test.codec.unaddressable")
)

func TestCodec_whatDoesNotTravel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		exec := &remote{}
		for name, call := range map[string]func() error{
			"unknown to gob":   func() error { return second(echoBox.Call(ctx, exec, box{stranger{1}})) },
			"submitted":        func() error { return second(echoBox.Submit(ctx, exec, box{stranger{1}}).Await(ctx)) },
			"refuses":          func() error { return second(echoMute.Call(ctx, exec, mute{1})) },
			"no address":       func() error { return second(bareMethod.Call(ctx, exec, map[string]stamp{"": {1}})) },
			"result":           func() error { return second(makeBox.Call(ctx, exec, 1)) },
			"argument's panic": func() error { return second(takeFussy.Call(ctx, exec, struct{ F *fussy }{&fussy{1}})) },
			"result's panic":   func() error { return second(makeFussy.Call(ctx, exec, 1)) },
		} {
			err := call()
			wantErr(t, name, err, asyncio.ErrEncoding)
			if err != nil && !strings.Contains(err.Error(), `of "test.codec.`) {
				t.Errorf("%s: error %q does not name the function", name, err)
			}
		}
	})
}

// In a chunk the one that does not travel fails, on the way there as on the way back.
func TestCodec_whatDoesNotTravelInAChunk(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		boxes := []box{{1}, {stranger{}}, {3}}
		var got []any
		for v, err := range echoBox.Map(ctx, &remote{}, slices.Values(boxes), asyncio.ChunkSize(3)) {
			if err != nil {
				wantErr(t, "element", err, asyncio.ErrEncoding)
				got = append(got, "error")
			} else {
				got = append(got, v.V)
			}
		}
		if want := []any{1, "error", 3}; !slices.Equal(got, want) {
			t.Errorf("Map gave %v, want %v", got, want)
		}
		n := 0
		for _, err := range makeBox.Map(ctx, &remote{}, slices.Values([]int{1, 2}), asyncio.ChunkSize(2)) {
			wantErr(t, "result", err, asyncio.ErrEncoding)
			n++
		}
		for _, err := range echoMute.Map(ctx, &remote{}, slices.Values([]mute{{1}, {2}}), asyncio.ChunkSize(2)) {
			wantErr(t, "all arguments", err, asyncio.ErrEncoding)
			n++
		}
		if n != 4 {
			t.Errorf("%d elements, want 4", n)
		}
	})
}

// An executor that gives back what Execute did not make.
func TestCodec_resultOfAnother(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		liar := &remote{execute: func(context.Context, string, []byte) ([]byte, error) { return []byte("no result"), nil }}
		_, err := echoInt.Call(ctx, liar, 1)
		wantErr(t, "Call", err, asyncio.ErrEncoding)
		n := 0
		for _, err := range echoInt.Map(ctx, liar, slices.Values([]int{1, 2}), asyncio.ChunkSize(2)) {
			wantErr(t, "Map", err, asyncio.ErrEncoding)
			n++
		}
		if n != 2 {
			t.Errorf("Map gave %d elements, want 2", n)
		}
	})
}

// Submit encodes: what the caller does to the argument afterwards is its own affair, unless the executor is local.
func TestSubmit_argumentChangedAfterwards(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		for _, c := range []struct {
			exec asyncio.Executor
			want int
		}{{&remote{}, 1}, {asyncio.NewThreadPool(1), 9}} {
			b, n := []byte{1}, []int{1}
			bytes, ints := echoBytes.Submit(ctx, c.exec, b), echoInts.Submit(ctx, c.exec, n)
			b[0], n[0] = 9, 9
			if got := await(ctx, t, bytes); int(got[0]) != c.want {
				t.Errorf("%T: the function saw byte %d, want %d", c.exec, got[0], c.want)
			}
			if got := await(ctx, t, ints); got[0] != c.want {
				t.Errorf("%T: the function saw %d, want %d", c.exec, got[0], c.want)
			}
		}
	})
}

// Debug mode finds with a local executor what would not travel.
func TestDebug_findsWhatWouldNotTravel(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		pool := asyncio.NewThreadPool(1)
		for name, call := range map[string]func() error{
			"the argument of Call":   func() error { return second(echoBox.Call(ctx, pool, box{stranger{1}})) },
			"the argument of Submit": func() error { return second(echoBox.Submit(ctx, pool, box{stranger{1}}).Await(ctx)) },
			"the result":             func() error { return second(makeBox.Call(ctx, pool, 1)) },
			"panics when decoded":    func() error { return second(makeFussy.Call(ctx, pool, 1)) },
		} {
			wantErr(t, name, call(), asyncio.ErrEncoding)
		}
		var errs []bool
		for _, err := range echoBox.Map(ctx, pool, slices.Values([]box{{1}, {stranger{}}, {3}}), asyncio.ChunkSize(3)) {
			errs = append(errs, errors.Is(err, asyncio.ErrEncoding))
		}
		for _, err := range makeBox.Map(ctx, pool, slices.Values([]int{1})) {
			errs = append(errs, errors.Is(err, asyncio.ErrEncoding))
		}
		if want := []bool{false, true, false, true}; !slices.Equal(errs, want) {
			t.Errorf("elements of Map that failed: %v, want %v", errs, want)
		}
		if v, err := echoBox.Call(ctx, pool, box{1}); v.V != 1 || err != nil {
			t.Errorf("what travels: %v, %v", v, err)
		}
	}, asyncio.WithDebug(true))
}

// Without it a local executor passes what no process could take.
func TestLocal_passesAnything(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		if v, err := echoBox.Call(ctx, asyncio.NewThreadPool(1), box{stranger{1}}); v.V != (stranger{1}) || err != nil {
			t.Errorf("Call gave %v, %v", v, err)
		}
	})
}
