//go:build linux

package procpool_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/procpool"
)

// Literals for Options.Init.
var (
	literalInit = procpool.RegisterInit("procpool.test.literal", func(context.Context) error { return errors.New("literal failure") })
	largeInit   = procpool.RegisterInit("procpool.test.large", func(context.Context) error { fillMemory(); return nil })
	otherInit   = procpool.RegisterInit("procpool.test.other", func(context.Context) error { initialised = "by a literal"; return nil })
)

// TestNew_RefusesInit: New refuses functions that a worker does not have.
func TestNew_RefusesInit(t *testing.T) {
	captured := "something"
	var method initMethod
	late := procpool.RegisterInit("procpool.test.late", func(context.Context) error { return nil })
	for text, init := range map[string]func(context.Context) error{
		"TestNew_RefusesInit.func":                func(context.Context) error { return errors.New(captured) },
		"initMethod.init":                         method.init,
		"genericInit":                             genericInit[string],
		`"procpool.test.late": it was registered`: late,
	} {
		_, err := procpool.New(procpool.Options{Init: init})
		if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "in a package-level variable") {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// TestRegisterInitPanics: RegisterInit panics for invalid names and functions.
func TestRegisterInitPanics(t *testing.T) {
	for want, register := range map[string]func(){
		"name must not be empty": func() { procpool.RegisterInit("", goodInit) },
		"fn must not be nil":     func() { procpool.RegisterInit("procpool.test.nil", nil) },
		"already registered":     func() { procpool.RegisterInit("procpool.test.literal", goodInit) },
		"at most 4096":           func() { procpool.RegisterInit(strings.Repeat("x", 4097), goodInit) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, want) {
					t.Errorf("the panic %q; want %q", text, want)
				}
			}()
			register()
		}()
	}
}

type initMethod struct{ n int }

func (m initMethod) init(context.Context) error { initialised = string(rune(m.n)); return nil }

func genericInit[T any](context.Context) error { _ = *new(T); return nil }
