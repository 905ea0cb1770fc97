package semantics_test

import (
	"context"
	"encoding/gob"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// identity registers a function that returns its argument.
func identity[T any](name string) *asyncio.Func[T, T] {
	return asyncio.Register(name, func(_ context.Context, v T) (T, error) { return v, nil })
}

var echoInt = identity[int]("test.echo-int")

// Types that cannot be sent.
type (
	hidden  struct{ Shown, secret int } //lint:ignore U1000 nobody reads it
	nesting struct {
		Items []map[string]*hidden
	}
	keyed  struct{ M map[[1]chan int]int }
	called struct{ F func() }
	sent   struct{ C chan int }
	circle struct {
		Next *circle
		Stop func()
	}
	blank      struct{ _ int }
	embedding  struct{ hidden }
	encodes    struct{ N int }
	marshals   struct{ N int }
	decodes    struct{ N int }
	unmarshals struct{ N int }

	// Types with fields that the encoding of the embedded type leaves out.
	dated struct {
		time.Time
		Note string
	}
	addressed struct {
		Port int
		*url.URL
	}
	secretive struct {
		sealed
		_    int
		note string //lint:ignore U1000 nobody reads it
	}
	deep    struct{ dated }
	abroad  struct{ E map[string][]*dated }
	decided struct {
		time.Time
		Note string
	}
	shortcut struct {
		inlining
		N int
	}
	inlining struct{ N int }
	facing   struct {
		gobber
		N int
	}
	gobber interface {
		gob.GobEncoder
		gob.GobDecoder
	}
)

func (decided) GobEncode() ([]byte, error)  { return nil, nil }
func (inlining) GobEncode() ([]byte, error) { return nil, nil }
func (*inlining) GobDecode([]byte) error    { return nil }

func (encodes) GobEncode() ([]byte, error)       { return nil, nil }
func (*marshals) MarshalBinary() ([]byte, error) { return nil, nil }
func (*decodes) GobDecode([]byte) error          { return nil }
func (*unmarshals) UnmarshalBinary([]byte) error { return nil }

func TestRegister_Panics(t *testing.T) {
	named := func(name string) func() { return func() { identity[int](name) } }
	for name, c := range map[string]struct {
		register func()
		want     []string
	}{
		"duplicate":           {named("test.echo-int"), []string{"the name is already registered"}},
		"empty":               {named(""), []string{"name must not be empty"}},
		"chunk suffix":        {named("test.refused[]"), []string{"must not end in []"}},
		"nil":                 {func() { asyncio.Register[int, int]("test.refused", nil) }, []string{"nil function"}},
		"unexported":          {func() { identity[hidden]("test.refused") }, []string{"the argument", "semantics_test.hidden.secret (int) is not exported"}},
		"nested":              {func() { identity[nesting]("test.refused") }, []string{"semantics_test.nesting.Items.secret"}},
		"pointer":             {func() { identity[**hidden]("test.refused") }, []string{".secret (int)"}},
		"embedded":            {func() { identity[embedding]("test.refused") }, []string{"semantics_test.embedding.hidden"}},
		"map key":             {func() { identity[keyed]("test.refused") }, []string{"semantics_test.keyed.M (key) is a chan (chan int)"}},
		"func":                {func() { identity[func()]("test.refused") }, []string{"is a func (func())"}},
		"func field":          {func() { identity[called]("test.refused") }, []string{"semantics_test.called.F is a func"}},
		"chan field":          {func() { identity[[]sent]("test.refused") }, []string{"sent.C is a chan"}},
		"recursive":           {func() { identity[*circle]("test.refused") }, []string{"semantics_test.circle.Stop is a func"}},
		"blank":               {func() { identity[blank]("test.refused") }, []string{"only blank fields"}},
		"no GobDecode":        {func() { identity[encodes]("test.refused") }, []string{"GobEncode, but not GobDecode"}},
		"no Unmarshal":        {func() { identity[marshals]("test.refused") }, []string{"MarshalBinary, but not UnmarshalBinary"}},
		"no GobEncode":        {func() { identity[decodes]("test.refused") }, []string{"GobDecode, but not GobEncode"}},
		"no Marshal":          {func() { identity[unmarshals]("test.refused") }, []string{"UnmarshalBinary, but not MarshalBinary"}},
		"embedded time":       {func() { identity[dated]("test.refused") }, []string{"semantics_test.dated.Note (string) cannot be sent to another process", "the method GobEncode of the embedded Time", "name the field Time"}},
		"embedded pointer":    {func() { identity[*addressed]("test.refused") }, []string{"semantics_test.addressed.Port (int) cannot be sent to another process", "the method MarshalBinary of the embedded URL"}},
		"embedded unexported": {func() { identity[secretive]("test.refused") }, []string{"semantics_test.secretive.note (string) cannot be sent to another process"}},
		"embedded twice":      {func() { identity[deep]("test.refused") }, []string{"semantics_test.deep.dated.Note (string) cannot be sent to another process"}},
		"embedded abroad":     {func() { identity[abroad]("test.refused") }, []string{"semantics_test.abroad.E.Note (string) cannot be sent to another process"}},
		"embedded decoder":    {func() { identity[decided]("test.refused") }, []string{"semantics_test.decided.Note (string) cannot be sent to another process", "the method GobDecode of the embedded Time"}},
		"embedded inlined":    {func() { identity[shortcut]("test.refused") }, []string{"semantics_test.shortcut.N (int) cannot be sent to another process"}},
		"embedded interface":  {func() { identity[facing]("test.refused") }, []string{"semantics_test.facing.N (int) cannot be sent to another process"}},
		"the result":          {func() { asyncio.Register("test.refused", func(context.Context, int) (r hidden, err error) { return }) }, []string{"the result", ".secret"}},
		"the result, too": {func() {
			asyncio.Register("test.refused", func(context.Context, int) (r chan int, err error) { return })
		}, []string{"the result", "chan int"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := fmt.Sprint(panicOf(c.register))
			for _, want := range append(c.want, "asyncio: Register(") {
				if !strings.Contains(text, want) {
					t.Errorf("panic %q, want one that says %q", text, want)
				}
			}
		})
	}
	if slices.Contains(asyncio.Registered(), "test.refused") {
		t.Error("a function that was refused is registered")
	}
}

func TestRegistered_IsSorted(t *testing.T) {
	names := asyncio.Registered()
	if !slices.IsSorted(names) || !slices.Contains(names, echoInt.Name()) {
		t.Errorf("Registered() = %q, want a sorted list with %q", names, echoInt.Name())
	}
}

func TestExecute_UnknownName(t *testing.T) {
	for _, name := range []string{"test.unknown", "test.unknown[]", "", "[]"} {
		_, err := asyncio.Execute(t.Context(), name, nil)
		wantErr(t, name, err, asyncio.ErrNotRegistered)
		if err == nil || !strings.Contains(err.Error(), "test.echo-int") {
			t.Errorf("%q: error %v, want one that lists what is known", name, err)
		}
	}
}

func TestExecute_InvalidArgument(t *testing.T) {
	for _, name := range []string{echoInt.Name(), echoInt.Name() + "[]"} {
		_, err := asyncio.Execute(t.Context(), name, []byte("\xffnonsense"))
		wantErr(t, name, err, asyncio.ErrEncoding)
	}
}
