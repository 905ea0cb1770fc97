package executortest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
)

var resultChecks = []check{
	{name: "Results", run: func(ctx context.Context, k *kit) error {
		for n := range 20 {
			if err := expect(fmt.Sprintf("double of %d", n), 2*n)(double.Call(ctx, k.exec, n)); err != nil {
				return err
			}
		}
		return nil
	}},
	{name: "Payloads", run: payloads},
	{name: "ZeroValues", run: zeroValues},
	{name: "Errors", run: errorsTravel},
	{name: "Panics", run: panics},
	{name: "Goexit", run: func(ctx context.Context, k *kit) error {
		if n, err := explodes.Call(ctx, k.exec, goexit); err == nil {
			return fmt.Errorf("a function that calls runtime.Goexit returned %d and no error", n)
		}
		return k.checkWorks(ctx)
	}},
	{name: "NotRegistered", run: func(ctx context.Context, k *kit) error {
		_, err := callsUnregistered.Call(ctx, k.exec, "executortest.not-registered")
		if !errors.Is(err, asyncio.ErrNotRegistered) || !strings.Contains(err.Error(), "executortest.not-registered") {
			return fmt.Errorf("a name that is not registered returned the error %v; want ErrNotRegistered with the name", err)
		}
		return k.checkWorks(ctx)
	}},
	{name: "Encoding", run: encodings, applies: notLocal},
	{name: "EncodingPanics", run: encodingPanics, applies: notLocal},
	{name: "OddErrors", run: func(ctx context.Context, k *kit) error {
		for _, method := range []string{"Error", "Is", "Unwrap"} {
			if n, err := hostileErrors.Call(ctx, k.exec, method); err == nil {
				return fmt.Errorf("a function whose error has a method %s that does not return: the call returned %d and no error", method, n)
			}
		}
		return k.checkWorks(ctx)
	}, applies: notLocal},
}

func payloads(ctx context.Context, k *kit) error {
	large := make([]byte, 5<<20)
	for i := range large {
		large[i] = byte(i ^ i>>8 ^ i>>16)
	}
	for _, b := range [][]byte{{0}, []byte("\x00\xff\n\r\n"), bytes.Repeat([]byte("0123456789"), 7000), large} {
		sent := bytes.Clone(b)
		got, err := echoBytes.Call(ctx, k.exec, sent)
		if err != nil {
			return fmt.Errorf("%d bytes: %w", len(b), err)
		}
		if !bytes.Equal(got, b) {
			return fmt.Errorf("%d bytes returned as %d different bytes", len(b), len(got))
		}
		if !bytes.Equal(sent, b) {
			return fmt.Errorf("the argument of %d bytes was changed", len(b))
		}
	}
	for _, s := range []string{"x", "ä\x00\xff\n", strings.Repeat("0123456789", 7000), string(large)} {
		got, err := echoString.Call(ctx, k.exec, s)
		if err != nil {
			return fmt.Errorf("a string of %d bytes: %w", len(s), err)
		}
		if got != s {
			return fmt.Errorf("a string of %d bytes returned as a different one of %d bytes", len(s), len(got))
		}
	}
	v := sample{
		Text: "text", Number: -1 << 62, Part: 0.1, Bytes: []byte{0, 255}, List: []string{"", "b"}, Table: map[string]int{"x": 1, "y": -2},
		At: time.Date(2024, 2, 29, 12, 30, 0, 999, time.UTC), Inner: &sample{Text: "inner"},
	}
	got, err := echoStruct.Call(ctx, k.exec, v)
	if err != nil {
		return fmt.Errorf("a struct: %w", err)
	}
	if !reflect.DeepEqual(got, v) {
		return fmt.Errorf("the struct %+v returned as %+v", v, got)
	}
	return nil
}

func zeroValues(ctx context.Context, k *kit) error {
	for _, b := range [][]byte{nil, {}} {
		if got, err := echoBytes.Call(ctx, k.exec, b); err != nil || len(got) != 0 {
			return fmt.Errorf("an empty slice returned as %v, %v", got, err)
		}
	}
	if got, err := echoStruct.Call(ctx, k.exec, sample{}); err != nil || !reflect.DeepEqual(got, sample{}) {
		return fmt.Errorf("an empty struct returned as %+v, %v", got, err)
	}
	return errors.Join(
		expect("double of 0", 0)(double.Call(ctx, k.exec, 0)),
		expect("the empty string", "")(echoString.Call(ctx, k.exec, "")),
		expect("a nil pointer", (*sample)(nil))(echoNil.Call(ctx, k.exec, nil)),
		expect("a struct without fields", struct{}{})(echoEmpty.Call(ctx, k.exec, struct{}{})),
	)
}

func errorsTravel(ctx context.Context, k *kit) error {
	for i, f := range failures {
		n, err := fails.Call(ctx, k.exec, i)
		if err == nil || err.Error() != f.err.Error() {
			return fmt.Errorf("a function returned the error %q, but the call returned %v", f.err, err)
		}
		if n != 0 {
			return fmt.Errorf("result %d with the error %q; want 0", n, err)
		}
		for _, target := range f.is {
			if !errors.Is(err, target) {
				return fmt.Errorf("errors.Is does not find %q in the error %q, of type %T", target, err, err)
			}
		}
		if errors.Is(err, fs.ErrClosed) {
			return fmt.Errorf("errors.Is finds %q in the error %q", fs.ErrClosed, err)
		}
		var remote *asyncio.RemoteError
		if !k.local && (!errors.As(err, &remote) || remote.Type != fmt.Sprintf("%T", f.err)) {
			return fmt.Errorf("the error %q arrived as a %T; want a *RemoteError of Type %T", err, err, f.err)
		}
	}
	return k.checkWorks(ctx)
}

func panics(ctx context.Context, k *kit) error {
	for how, want := range map[string]string{panicText: "requested panic", panicError: "requested panic", panicNil: "nil pointer"} {
		_, err := explodes.Call(ctx, k.exec, how)
		var p *asyncio.PanicError
		switch {
		case !errors.As(err, &p):
			return fmt.Errorf("a panic returned the error %v, of type %T; want a *PanicError", err, err)
		case !strings.Contains(fmt.Sprint(p.Value), want):
			return fmt.Errorf("the panic's value is %v; want one that contains %q", p.Value, want)
		case !bytes.Contains(p.Stack, []byte("executortest.explode(")):
			return fmt.Errorf("the panic's stack does not name the function executortest.explode:\n%s", p.Stack)
		case how == panicError && !errors.Is(err, errSample):
			return fmt.Errorf("errors.Is does not find %q, which the panic's value wrapped", errSample)
		}
	}
	return k.checkWorks(ctx)
}

func encodings(ctx context.Context, k *kit) error {
	if _, err := failsToDecode.Call(ctx, k.exec, failingCodec{"decode"}); !errors.Is(err, asyncio.ErrEncoding) {
		return fmt.Errorf("an argument that cannot be decoded: error %v, want ErrEncoding", err)
	}
	if _, err := failsToEncode.Call(ctx, k.exec, 1); !errors.Is(err, asyncio.ErrEncoding) {
		return fmt.Errorf("a result that cannot be encoded: error %v, want ErrEncoding", err)
	}
	return k.checkWorks(ctx)
}

// encodingPanics calls functions with arguments and results whose methods panic or call
// runtime.Goexit, in this process and in the process of the function.
func encodingPanics(ctx context.Context, k *kit) error {
	for _, how := range []string{panicText, goexit} {
		for what, arg := range map[string]codecPlan{
			"an argument being encoded": {Arg: panickingCodec{Encoded: how}}, "an argument being decoded": {Arg: panickingCodec{Decoded: how}},
			"a result being encoded": {Encoded: how}, "a result being decoded": {Decoded: how},
		} {
			_, err := codecPanics.Call(ctx, k.exec, arg)
			var p *asyncio.PanicError
			switch {
			case !errors.Is(err, asyncio.ErrEncoding):
				return fmt.Errorf("%s (%s): error %v, want ErrEncoding", what, how, err)
			case how == panicText && !errors.As(err, &p):
				return fmt.Errorf("%s panicked: error %v, of type %T, want one that wraps a *PanicError", what, err, err)
			case how == panicText && !bytes.Contains(p.Stack, []byte("executortest.explode(")):
				return fmt.Errorf("%s panicked: the stack does not name the function executortest.explode:\n%s", what, p.Stack)
			}
		}
	}
	n := 0
	for _, err := range codecPanics.Map(ctx, k.exec, slices.Values([]codecPlan{{}, {Arg: panickingCodec{Decoded: panicText}}, {}}), asyncio.ChunkSize(3)) {
		if errors.Is(err, asyncio.ErrEncoding) != (n == 1) {
			return fmt.Errorf("element %d of a Map whose element 1 cannot be decoded: error %v", n, err)
		}
		n++
	}
	return k.checkWorks(ctx)
}
