package asyncio

import (
	"encoding"
	"encoding/gob"
	"fmt"
	"reflect"
	"runtime"
)

// travels reports what of T would not arrive on the other side.
func travels[T any]() error {
	if isRaw[T]() || isScalar[T]() {
		return nil
	}
	t := reflect.TypeFor[T]()
	return checkType(t, t.String(), map[reflect.Type]bool{})
}

// checkType walks the type. path is how a user would write the way to it.
func checkType(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] {
		return nil
	}
	seen[t] = true
	if own, err := travelsByItself(t, path, seen); own || err != nil {
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
				return fmt.Errorf("%s.%s (%s) is not exported, so that it would be dropped on the way to another process: export it, or give %s the methods GobEncode and GobDecode", path, f.Name, f.Type, t)
			default:
				if err := checkType(f.Type, path+"."+f.Name, seen); err != nil {
					return err
				}
			}
		}
		if blank > 0 && blank == t.NumField() {
			return fmt.Errorf("%s (%s) has nothing but blank fields, which encoding/gob refuses", path, t)
		}
	}
	return nil
}

// travelsByItself reports whether the type brings its own encoding. The halves
// must come together, and encode the whole of it.
func travelsByItself(t reflect.Type, path string, seen map[reflect.Type]bool) (bool, error) {
	if t.Kind() == reflect.Interface {
		return true, nil // known when a value is there
	}
	for _, m := range ownEncodings {
		encodes, decodes := m.encodes(t), m.decodes(t)
		switch {
		case encodes && decodes:
			return true, m.checkEmbedded(t, path, seen)
		case encodes:
			return false, fmt.Errorf("%s (%s) can be encoded but has no method %s", path, t, m.decoder)
		case decodes:
			return false, fmt.Errorf("%s (%s) can be decoded but has no method %s", path, t, m.encoder)
		}
	}
	return false, nil
}

// hasOwnMethods reports whether encoding or decoding a value of the type may call methods
// that are not the standard library's. Of an interface it is not known.
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

// An ownEncoding is a pair of methods that encoding/gob calls in place of its own
// encoding.
type ownEncoding struct {
	encodes, decodes func(t reflect.Type) bool
	encoder, decoder string
	methods          func(t reflect.Type) [2]reflect.Method
}

// In gob's order. The names in the calls of MethodByName must be constants: a variable
// would have the linker keep every method of the program.
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

// checkEmbedded refuses a struct that has one of the methods only because a type that
// it embeds has it: that leaves out the other fields.
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
					return fmt.Errorf("%s.%s (%s) would be dropped on the way to another process, because %s has its method %s from the embedded %s: give %s a name, or %s the methods %s and %s of its own",
						path, other.Name, other.Type, t, name, f.Name, f.Name, t, m.encoder, m.decoder)
				}
			}
			return checkType(f.Type, path+"."+f.Name, seen)
		}
	}
	return nil
}

// either returns the method of values, or else that of pointers.
func either(value, pointer reflect.Method) reflect.Method {
	if value.Func.IsValid() {
		return value
	}
	return pointer
}

// isPromoted reports whether the method is what the compiler made to call that of an
// embedded field, and not written for the type.
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
