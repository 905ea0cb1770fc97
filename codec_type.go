package asyncio

import (
	"encoding"
	"encoding/gob"
	"fmt"
	"reflect"
	"runtime"
)

// checkSendable returns an error if a part of a T would be lost on the way to another process.
func checkSendable[T any]() error {
	if isRaw[T]() || isScalar[T]() {
		return nil
	}
	t := reflect.TypeFor[T]()
	return checkType(t, t.String(), map[reflect.Type]bool{})
}

// checkType checks the type and its parts. path is the Go expression of the part, for errors.
func checkType(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	if own, err := encodesItself(t, path, seen); own || err != nil {
		return err
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return fmt.Errorf("%s is a %s (%s), which cannot be sent to another process", path, t.Kind(), t)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return checkType(t.Elem(), path, seen)
	case reflect.Map:
		if err := checkType(t.Key(), path+" (key)", seen); err != nil {
			return err
		}
		return checkType(t.Elem(), path, seen)
	case reflect.Struct:
		blank := 0
		for f := range t.Fields() {
			switch {
			case f.Name == "_":
				blank++
			case !f.IsExported():
				return fmt.Errorf("%s.%s (%s) is not exported and cannot be sent to another process; export it, or add the methods GobEncode and GobDecode to %s", path, f.Name, f.Type, t)
			default:
				if err := checkType(f.Type, path+"."+f.Name, seen); err != nil {
					return err
				}
			}
		}
		if blank > 0 && blank == t.NumField() {
			return fmt.Errorf("%s (%s) has only blank fields, which encoding/gob cannot encode", path, t)
		}
	}
	return nil
}

// encodesItself reports whether the type has both methods of an encoding. It returns an error for
// one method alone, and for methods of an embedded field that leave out other fields.
func encodesItself(t reflect.Type, path string, seen map[reflect.Type]bool) (bool, error) {
	if t.Kind() == reflect.Interface {
		return true, nil // depends on the value
	}
	for _, m := range ownEncodings {
		encodes, decodes := m.encodes(t), m.decodes(t)
		switch {
		case encodes && decodes:
			return true, m.checkEmbedded(t, path, seen)
		case encodes:
			return false, fmt.Errorf("%s (%s) has the method %s, but not %s", path, t, m.encoder, m.decoder)
		case decodes:
			return false, fmt.Errorf("%s (%s) has the method %s, but not %s", path, t, m.decoder, m.encoder)
		}
	}
	return false, nil
}

// hasOwnMethods reports whether encoding or decoding a value of the type may call methods outside
// of the standard library. It returns true for an interface.
func hasOwnMethods(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t.Kind() == reflect.Interface {
		return true
	}
	for _, m := range ownEncodings {
		if m.encodes(t) || m.decodes(t) {
			return !ofStandardLibrary(t)
		}
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return hasOwnMethods(t.Elem(), seen)
	case reflect.Map:
		return hasOwnMethods(t.Key(), seen) || hasOwnMethods(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() && hasOwnMethods(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

func ofStandardLibrary(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	switch t.PkgPath() {
	case "time", "net/url", "math/big", "net/netip":
		return true
	}
	return false
}

// An ownEncoding is a pair of methods that encoding/gob calls instead of its own encoding.
type ownEncoding struct {
	encodes, decodes func(t reflect.Type) bool
	encoder, decoder string
	methods          func(t reflect.Type) [2]reflect.Method
}

// ownEncodings has the order in which gob checks them. The arguments of MethodByName must be
// constants: with a variable the linker keeps every method of the program.
var ownEncodings = []ownEncoding{
	{implements[gob.GobEncoder], implements[gob.GobDecoder], "GobEncode", "GobDecode", func(t reflect.Type) (m [2]reflect.Method) {
		m[0], _ = t.MethodByName("GobEncode")
		m[1], _ = t.MethodByName("GobDecode")
		return m
	}},
	{implements[encoding.BinaryMarshaler], implements[encoding.BinaryUnmarshaler], "MarshalBinary", "UnmarshalBinary", func(t reflect.Type) (m [2]reflect.Method) {
		m[0], _ = t.MethodByName("MarshalBinary")
		m[1], _ = t.MethodByName("UnmarshalBinary")
		return m
	}},
}

func implements[I any](t reflect.Type) bool {
	i := reflect.TypeFor[I]()
	return t.Implements(i) || reflect.PointerTo(t).Implements(i)
}

// checkEmbedded returns an error for a struct that has one of the methods only from an embedded
// field, and has other fields. The method leaves these out.
func (m *ownEncoding) checkEmbedded(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	own, byPointer := m.methods(t), m.methods(reflect.PointerTo(t))
	for f := range t.Fields() {
		if !f.Anonymous || !m.encodes(f.Type) && !m.decodes(f.Type) {
			continue
		}
		inner, innerByPointer := m.methods(f.Type), m.methods(reflect.PointerTo(f.Type))
		for i, name := range []string{m.encoder, m.decoder} {
			if !isPromoted(either(own[i], byPointer[i]), either(inner[i], innerByPointer[i])) {
				continue
			}
			for other := range t.Fields() {
				if other.Name != "_" && other.Name != f.Name {
					return fmt.Errorf("%s.%s (%s) cannot be sent to another process, because the method %s of the embedded %s leaves it out; name the field %s, or add the methods %s and %s to %s",
						path, other.Name, other.Type, name, f.Name, f.Name, m.encoder, m.decoder, t)
				}
			}
			return checkType(f.Type, path+"."+f.Name, seen)
		}
	}
	return nil
}

// either returns the method of the value type if it has one, and otherwise that of the pointer type.
func either(value, pointer reflect.Method) reflect.Method {
	if value.Func.IsValid() {
		return value
	}
	return pointer
}

// isPromoted reports whether the method is the compiler's wrapper of the method inner of an embedded
// field.
func isPromoted(method, inner reflect.Method) bool {
	if !method.Func.IsValid() {
		return false
	}
	entry := method.Func.Pointer()
	fn := runtime.FuncForPC(entry)
	file, _ := fn.FileLine(entry)
	inlined := inner.Func.IsValid() && fn.Name() == runtime.FuncForPC(inner.Func.Pointer()).Name()
	return file == "<autogenerated>" || inlined
}
