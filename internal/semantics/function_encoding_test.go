package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A bomb has encoding methods that panic or call runtime.Goexit: Out selects the encoding, In the
// decoding.
type bomb struct{ Out, In string }

func (b bomb) MarshalBinary() ([]byte, error) {
	if err := goOff(b.Out); err != nil {
		return nil, err
	}
	return []byte(b.Out + "|" + b.In), nil
}

func (b *bomb) UnmarshalBinary(data []byte) error {
	b.Out, b.In, _ = strings.Cut(string(data), "|")
	return goOff(b.In)
}

var errBomb = errors.New("bomb")

func goOff(how string) error {
	switch how {
	case "error":
		return errBomb
	case "panic":
		panic("bomb")
	case "panic with an error":
		panic(errBomb)
	case "nil map":
		noMap[how] = 1
	case "Goexit":
		runtime.Goexit()
	}
	return nil
}

// A charge is an argument. Out and In are the fields of the result, a bomb.
type charge struct {
	Arg     bomb
	Out, In string
}

var detonate = asyncio.Register("test.detonate", func(_ context.Context, c charge) (bomb, error) {
	return bomb{c.Out, c.In}, nil
})

// TestEncoding_PanickingMethods: a panic or a runtime.Goexit in an encoding method is the error of
// that call or element. A panic has its stack.
func TestEncoding_PanickingMethods(t *testing.T) {
	where := map[string]struct {
		charge func(how string) charge
		method string
		remote bool // in the other process
	}{
		"argument encoded": {func(how string) charge { return charge{Arg: bomb{Out: how}} }, "bomb.MarshalBinary", false},
		"argument decoded": {func(how string) charge { return charge{Arg: bomb{In: how}} }, "(*bomb).UnmarshalBinary", true},
		"result encoded":   {func(how string) charge { return charge{Out: how} }, "bomb.MarshalBinary", true},
		"result decoded":   {func(how string) charge { return charge{In: how} }, "(*bomb).UnmarshalBinary", false},
	}
	calls := map[string]func(ctx context.Context, exec asyncio.Executor, c charge) error{
		"Call": func(ctx context.Context, exec asyncio.Executor, c charge) error {
			_, err := detonate.Call(ctx, exec, c)
			return err
		},
		"Submit": func(ctx context.Context, exec asyncio.Executor, c charge) error {
			_, err := detonate.Submit(ctx, exec, c).Await(ctx)
			return err
		},
		"Map": func(ctx context.Context, exec asyncio.Executor, c charge) error { return oneOfThree(ctx, exec, c) },
		"Map of 3": func(ctx context.Context, exec asyncio.Executor, c charge) error {
			return oneOfThree(ctx, exec, c, asyncio.ChunkSize(3))
		},
	}
	for place, w := range where {
		for _, how := range []string{"error", "panic", "panic with an error", "nil map", "Goexit"} {
			for call, do := range calls {
				t.Run(place+"/"+how+"/"+call, func(t *testing.T) {
					asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
						exec := &remote{}
						err := do(ctx, exec, w.charge(how))
						wantErr(t, how, err, asyncio.ErrEncoding)
						var p *asyncio.PanicError
						panics := how != "error" && how != "Goexit"
						if errors.As(err, &p) != panics {
							t.Fatalf("the error is %v, of type %T: want a *PanicError in it: %t", err, err, panics)
						}
						if panics && !strings.Contains(string(p.Stack), w.method) {
							t.Errorf("the panic's stack does not name %s:\n%s", w.method, p.Stack)
						}
						if how == "Goexit" && !strings.Contains(err.Error(), "Goexit") {
							t.Errorf("the error is %q, want one that names Goexit", err)
						}
						if !w.remote && strings.HasSuffix(how, "error") {
							wantErr(t, how, err, errBomb)
						}
						if got, err := detonate.Call(ctx, exec, charge{}); err != nil || got != (bomb{}) {
							t.Errorf("a call afterwards gave %v, %v", got, err)
						}
					})
				})
			}
		}
	}
}

// oneOfThree returns the error of the middle one of three elements.
func oneOfThree(ctx context.Context, exec asyncio.Executor, c charge, opts ...asyncio.MapOption) (middle error) {
	n := 0
	for got, err := range detonate.Map(ctx, exec, slices.Values([]charge{{}, c, {}}), opts...) {
		switch {
		case n == 1:
			middle = err
		case err != nil || got != bomb{}:
			return fmt.Errorf("element %d gave %v, %w", n, got, err)
		}
		n++
	}
	if n != 3 {
		return fmt.Errorf("three elements gave %d results", n)
	}
	return middle
}

// TestEncoding_PanickingMethodsInDebugMode: in debug mode a local executor returns the same errors.
func TestEncoding_PanickingMethodsInDebugMode(t *testing.T) {
	for _, how := range []string{"panic", "Goexit"} {
		for _, c := range []charge{{Arg: bomb{Out: how}}, {Arg: bomb{In: how}}, {Out: how}, {In: how}} {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				_, err := detonate.Call(ctx, asyncio.NewThreadPool(1), c)
				wantErr(t, fmt.Sprint(c), err, asyncio.ErrEncoding)
			}, asyncio.WithDebug(true))
		}
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		if got, err := detonate.Call(ctx, asyncio.NewThreadPool(1), charge{Arg: bomb{Out: "panic"}}); err != nil {
			t.Errorf("a local executor encodes nothing, and gave %v, %v", got, err)
		}
	})
}

var noMap map[string]int
