package semantics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// travelled returns err after encoding and decoding.
func travelled(err error) error { return asyncio.DecodeError(asyncio.EncodeError(err)) }

var errsThatTravel = []error{
	context.Canceled, context.DeadlineExceeded,
	io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, io.ErrShortWrite, io.ErrNoProgress,
	fs.ErrInvalid, fs.ErrPermission, fs.ErrExist, fs.ErrNotExist, fs.ErrClosed,
	asyncio.ErrNoLoop, asyncio.ErrLoopClosed, asyncio.ErrNotDone, asyncio.ErrTaskCancelled, asyncio.ErrScopeEnded,
	asyncio.ErrWrongTask, asyncio.ErrWrongLoop, asyncio.ErrDeadlock, asyncio.ErrQueueShutdown, asyncio.ErrBarrierBroken,
	asyncio.ErrExecutorClosed, asyncio.ErrNoExecutor, asyncio.ErrNotRegistered, asyncio.ErrEncoding,
	errTooDark,
}

func TestRemoteError_Is(t *testing.T) {
	for _, err := range errsThatTravel {
		for how, sent := range map[string]error{
			"as it is": err,
			"wrapped":  fmt.Errorf("reading: %w", err),
			"joined":   errors.Join(errBroken, err),
			"twice":    travelled(err),
		} {
			got := travelled(sent)
			wantErr(t, how, got, err)
			if got.Error() != sent.Error() {
				t.Errorf("%s: the text is %q, was %q", how, got, sent)
			}
			for _, other := range errsThatTravel {
				if errors.Is(got, other) != errors.Is(sent, other) {
					t.Errorf("%s: errors.Is(%q, %q) = %t", how, got, other, !errors.Is(sent, other))
				}
			}
		}
	}
	wantNotErr(t, "nobody registered it", travelled(errBroken), errBroken)
}

func TestRemoteError_TypeAndText(t *testing.T) {
	_, err := os.Open("no such file")
	var remote *asyncio.RemoteError
	if !errors.As(travelled(err), &remote) || remote.Type != "*fs.PathError" || remote.Message != err.Error() {
		t.Errorf("%#v, want the type and the text of %#v", remote, err)
	}
	wantErr(t, "open", remote, fs.ErrNotExist)
	if err := travelled(nil); err != nil {
		t.Errorf("nil became %v", err)
	}
}

// A shy is an error whose methods panic.
type shy struct{ text *string }

func (s *shy) Error() string { return *s.text }

func TestRemoteError_PanickingError(t *testing.T) {
	var none *shy
	for _, err := range []error{none, &shy{}} {
		if text := travelled(err).Error(); !strings.Contains(text, "*semantics_test.shy panicked") {
			t.Errorf("%q, want a text that names the type", text)
		}
	}
}

// A wild is an error whose method Is panics.
type wild struct{ error }

func (wild) Is(error) bool { panic("wild") }

func TestRemoteError_PanickingIs(t *testing.T) {
	if got := travelled(fmt.Errorf("in the dark: %w", wild{errTooDark})).Error(); got != "in the dark: too dark" {
		t.Errorf("%q, want the text", got)
	}
}

// An evil is an error whose fields select what its methods do.
type evil struct{ text, is, unwrap string }

func (e *evil) Error() string {
	goOff(e.text)
	return "evil"
}

func (e *evil) Is(error) bool {
	goOff(e.is)
	return false
}

func (e *evil) Unwrap() error {
	goOff(e.unwrap)
	if e.unwrap == "itself" {
		return e
	}
	return nil
}

// A bush is an error that wraps itself twice.
type bush struct{}

func (bush) Error() string     { return "bush" }
func (b bush) Unwrap() []error { return []error{b, b} }

// TestEncodeError_HostileMethods: EncodeError encodes an error with any methods, and errors.Is
// finds what the methods permit.
func TestEncodeError_HostileMethods(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		text string
	}{
		"Error panics":           {&evil{text: "panic"}, "the method Error of *semantics_test.evil panicked: bomb"},
		"Error panics evilly":    {&panicsWith{&evil{text: "Goexit"}}, "the method Error of *semantics_test.panicsWith panicked"},
		"Error calls Goexit":     {&evil{text: "Goexit"}, "the method Error of *semantics_test.evil called runtime.Goexit"},
		"Is calls Goexit":        {&evil{is: "Goexit"}, "evil"},
		"Unwrap panics":          {&evil{unwrap: "panic"}, "evil"},
		"Unwrap calls Goexit":    {&evil{unwrap: "Goexit"}, "evil"},
		"Unwrap has no end":      {&evil{unwrap: "itself"}, "evil"},
		"Unwrap has no width":    {bush{}, "bush"},
		"a panic of such a kind": {&asyncio.PanicError{Value: &evil{text: "Goexit", unwrap: "itself"}}, "called runtime.Goexit"},
	} {
		if got := travelled(c.err).Error(); !strings.Contains(got, c.text) {
			t.Errorf("%s: the text is %q, want %q in it", name, got, c.text)
		}
		joined := travelled(fmt.Errorf("%w, %w", errTooDark, quietly{c.err}))
		wantErr(t, name, joined, errTooDark)
		wantNotErr(t, name, joined, io.EOF)
	}
}

// A panicsWith is an error whose method Error panics with v.
type panicsWith struct{ v any }

func (p *panicsWith) Error() string { panic(p.v) }

// A quietly is an error with a text.
type quietly struct{ error }

func (quietly) Error() string   { return "quiet" }
func (q quietly) Unwrap() error { return q.error }

// TestRemoteError_WrapsAPanic: a wrapped panic keeps its value and its stack.
func TestRemoteError_WrapsAPanic(t *testing.T) {
	inner := &asyncio.PanicError{Value: errTooDark, Stack: []byte("the stack")}
	for _, err := range []error{fmt.Errorf("%w: %w", asyncio.ErrEncoding, inner), errors.Join(errBroken, fmt.Errorf("deeper: %w", inner))} {
		for range 2 { // a second time, as from a worker of a worker
			got := travelled(err)
			var p *asyncio.PanicError
			if !errors.As(got, &p) || string(p.Stack) != "the stack" || fmt.Sprint(p.Value) != errTooDark.Error() {
				t.Errorf("%v arrived with the panic %#v", err, p)
			}
			var remote *asyncio.RemoteError
			if !errors.As(got, &remote) || got.Error() != err.Error() {
				t.Errorf("%v arrived as %v", err, got)
			}
			wantErr(t, "the panic's value", got, errTooDark)
			err = got
		}
	}
}

func TestRemoteError_Panics(t *testing.T) {
	var p *asyncio.PanicError
	if !errors.As(travelled(&asyncio.PanicError{Value: 42, Stack: []byte("the stack")}), &p) || p.Value != "42" || string(p.Stack) != "the stack" {
		t.Errorf("%#v", p)
	}
	if !errors.As(travelled(&asyncio.PanicError{Value: errTooDark}), &p) || !errors.Is(p, errTooDark) || p.Error() != "asyncio: panic: too dark" {
		t.Errorf("%#v", p)
	}
}

func TestDecodeError_InvalidBytes(t *testing.T) {
	whole := asyncio.EncodeError(errTooDark)
	for _, b := range [][]byte{{0}, []byte("garbage"), whole[:len(whole)-1], bytes.Repeat([]byte{0xff}, 100)} {
		wantErr(t, fmt.Sprintf("%q", b), asyncio.DecodeError(b), asyncio.ErrEncoding)
	}
	if err := asyncio.DecodeError(nil); err != nil {
		t.Errorf("no bytes: %v", err)
	}
}

var (
	errDim     = errors.New("dim")
	registered = asyncio.RegisterError("test.dim", errDim)
)

// A list is an error that is not comparable.
type list []error

func (list) Error() string { return "list" }

func TestRegisterError_Panics(t *testing.T) {
	for want, register := range map[string]func(){
		`RegisterError("", broken): name must not be empty`:   func() { asyncio.RegisterError("", errBroken) },
		`RegisterError("test.nil", nil): err must not be nil`: func() { asyncio.RegisterError("test.nil", nil) },
		"is already registered":                               func() { asyncio.RegisterError("test.too-dark", errBroken) },
		"must be comparable":                                  func() { asyncio.RegisterError("test.list", list{errBroken}) },
	} {
		if text := fmt.Sprint(panicOf(register)); !strings.Contains(text, want) {
			t.Errorf("panic %q, want one that says %q", text, want)
		}
	}
	if registered != errDim {
		t.Errorf("RegisterError returned %v, want its argument", registered)
	}
}

func FuzzDecodeError(f *testing.F) {
	for _, err := range []error{errTooDark, io.EOF, &asyncio.PanicError{Value: errTooDark, Stack: []byte("s")}} {
		b := asyncio.EncodeError(err)
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte("\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := asyncio.DecodeError(b)
		if (err == nil) != (len(b) == 0) {
			t.Fatalf("DecodeError(%q) = %v", b, err)
		}
		if err != nil && travelled(err).Error() != err.Error() {
			t.Errorf("%q became %q", err, travelled(err))
		}
	})
}
