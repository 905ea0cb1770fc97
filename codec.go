package asyncio

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
)

// parcel is what gob sends: in a struct a nil pointer or an empty struct may be
// the whole value.
type parcel[T any] struct{ V T }

// scalar reports whether values of the type are numbers or booleans, which are sent
// without gob: it describes its types anew in each message, which costs more than a
// call.
func scalar(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Float64
}

func encodeScalar(r reflect.Value) []byte {
	switch {
	case r.CanInt():
		return binary.AppendVarint(nil, r.Int())
	case r.CanUint():
		return binary.AppendUvarint(nil, r.Uint())
	case r.CanFloat():
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(r.Float()))
	case r.Bool():
		return []byte{1}
	}
	return []byte{0}
}

func decodeScalar(r reflect.Value, b []byte) error {
	n := len(b)
	switch {
	case r.CanInt():
		var v int64
		v, n = binary.Varint(b)
		if r.OverflowInt(v) {
			n = 0
		}
		r.SetInt(v)
	case r.CanUint():
		var v uint64
		v, n = binary.Uvarint(b)
		if r.OverflowUint(v) {
			n = 0
		}
		r.SetUint(v)
	case r.CanFloat():
		if n == 8 {
			r.SetFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		} else {
			n = 0
		}
	case n == 1 && b[0] <= 1:
		r.SetBool(b[0] == 1)
	default:
		n = 0
	}
	if n != len(b) || n == 0 {
		return fmt.Errorf("%q is no %s", b, r.Type())
	}
	return nil
}

// encode makes bytes of v. Strings and byte slices are sent as they are; the
// bytes of a slice are those of v itself unless a copy is asked for. A method of the
// user's that panics or ends its goroutine is an error.
func encode[T any](v T, copied bool) ([]byte, error) {
	if isRaw[T]() {
		switch r := reflect.ValueOf(v); {
		case r.Kind() == reflect.String:
			return []byte(r.String()), nil
		case copied:
			return slices.Clone(r.Bytes()), nil
		default:
			return r.Bytes(), nil
		}
	}
	if isScalar[T]() {
		return encodeScalar(reflect.ValueOf(v)), nil
	}
	var b bytes.Buffer
	err := guardMethods[T](func() error { return gob.NewEncoder(&b).Encode(&parcel[T]{v}) })
	return b.Bytes(), err
}

// decode is the inverse of encode, also in that. The result may share memory with b.
func decode[T any](b []byte) (v T, err error) {
	if isRaw[T]() {
		r := reflect.ValueOf(&v).Elem()
		if r.Kind() == reflect.String {
			r.SetString(string(b))
		} else {
			r.SetBytes(b)
		}
		return v, nil
	}
	if isScalar[T]() {
		err = decodeScalar(reflect.ValueOf(&v).Elem(), b)
		return v, err
	}
	var p parcel[T]
	err = guardMethods[T](func() error { return gob.NewDecoder(bytes.NewReader(b)).Decode(&p) })
	return p.V, err
}

// guardMethods calls fn and makes errors of panics and of what methods of T do that are
// the user's. Without any, fn stays in its goroutine, where the stall watch sees it.
func guardMethods[T any](fn func() error) (err error) {
	t := reflect.TypeFor[T]()
	own, known := ownMethods.Load(t)
	if !known {
		own = hasOwnMethods(t, map[reflect.Type]bool{})
		ownMethods.Store(t, own)
	}
	if own.(bool) {
		return isolated(fn)
	}
	guarded(fn, func(e error) { err = e })
	return err
}

var ownMethods sync.Map // hasOwnMethods of types that were encoded or decoded

func isScalar[T any]() bool { return scalar(reflect.TypeFor[T]().Kind()) }

func isRaw[T any]() bool {
	t := reflect.TypeFor[T]()
	return t.Kind() == reflect.String || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}
