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

// travelled is err as it arrives.
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

func TestRemoteError_knowsWhatItWas(t *testing.T) {
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

func TestRemoteError_typeAndText(t *testing.T) {
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

// shy is an error whose methods panic.
type shy struct{ text *string }

func (s *shy) Error() string { return *s.text }

func TestRemoteError_ofAnErrorThatPanics(t *testing.T) {
	var none *shy
	for _, err := range []error{none, &shy{}} {
		if text := travelled(err).Error(); !strings.Contains(text, "*semantics_test.shy panicked") {
			t.Errorf("%q, want a text that names the type", text)
		}
	}
}

// wild is an error whose method Is panics.
type wild struct{ error }

func (wild) Is(error) bool { panic("wild") }

func TestRemoteError_ofAnErrorWhoseIsPanics(t *testing.T) {
	if got := travelled(fmt.Errorf("in the dark: %w", wild{errTooDark})).Error(); got != "in the dark: too dark" {
		t.Errorf("%q, want the text", got)
	}
}

func TestRemoteError_panics(t *testing.T) {
	var p *asyncio.PanicError
	if !errors.As(travelled(&asyncio.PanicError{Value: 42, Stack: []byte("the stack")}), &p) || p.Value != "42" || string(p.Stack) != "the stack" {
		t.Errorf("%#v", p)
	}
	if !errors.As(travelled(&asyncio.PanicError{Value: errTooDark}), &p) || !errors.Is(p, errTooDark) || p.Error() != "asyncio: panic: too dark" {
		t.Errorf("%#v", p)
	}
}

func TestDecodeError_ofGarbage(t *testing.T) {
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

// list is an error that == cannot compare.
type list []error

func (list) Error() string { return "list" }

func TestRegisterError_refuses(t *testing.T) {
	for want, register := range map[string]func(){
		"a name and an error": func() { asyncio.RegisterError("", errBroken) },
		"an error are":        func() { asyncio.RegisterError("test.nil", nil) },
		"is taken":            func() { asyncio.RegisterError("test.too-dark", errBroken) },
		"cannot be compared":  func() { asyncio.RegisterError("test.list", list{errBroken}) },
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
