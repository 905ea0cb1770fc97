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

// A gobValue is the struct that gob encodes. Gob cannot encode a nil pointer or an empty struct
// outside of a struct.
type gobValue[T any] struct{ V T }

// scalar reports whether values of the kind are numbers or booleans. They are encoded without gob,
// which describes the type in each message. That would take longer than the call.
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
		return fmt.Errorf("%q is not an encoded %s", b, r.Type())
	}
	return nil
}

// encode encodes v. Strings and byte slices are not changed. For a byte slice the result shares
// memory with v, unless copied is true. A panic or a runtime.Goexit in a method of v is returned
// as an error.
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
	err := guardMethods[T](func() error { return gob.NewEncoder(&b).Encode(&gobValue[T]{v}) })
	return b.Bytes(), err
}

// decode is the inverse of encode. The result may share memory with b. A panic or a runtime.Goexit
// in a method of T is returned as an error.
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
	var p gobValue[T]
	err = guardMethods[T](func() error { return gob.NewDecoder(bytes.NewReader(b)).Decode(&p) })
	return p.V, err
}

// guardMethods calls fn, and converts a panic and a runtime.Goexit to an error. If T has methods of
// the user, fn runs in a new goroutine. Otherwise it runs in the goroutine of the caller, where the
// stall watch can attribute it to the task.
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

var ownMethods sync.Map // caches hasOwnMethods by reflect.Type

func isScalar[T any]() bool { return scalar(reflect.TypeFor[T]().Kind()) }

// isRaw reports whether values of T are strings or byte slices, which are sent without encoding.
func isRaw[T any]() bool {
	t := reflect.TypeFor[T]()
	return t.Kind() == reflect.String || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}
