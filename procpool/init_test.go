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

// TestInitRefused: what a worker does not have is refused by New.
func TestInitRefused(t *testing.T) {
	captured := "something"
	var method initMethod
	late := procpool.RegisterInit("procpool.test.late", func(context.Context) error { return nil })
	for text, init := range map[string]func(context.Context) error{
		"TestInitRefused.func":                func(context.Context) error { return errors.New(captured) },
		"initMethod.init":                     method.init,
		"genericInit":                         genericInit[string],
		`"procpool.test.late" was registered`: late,
	} {
		_, err := procpool.New(procpool.Options{Init: init})
		if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "in a package-level variable") {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

// TestRegisterInitPanics: names and functions that cannot be registered.
func TestRegisterInitPanics(t *testing.T) {
	for want, register := range map[string]func(){
		"the name is empty": func() { procpool.RegisterInit("", goodInit) },
		"nil function":      func() { procpool.RegisterInit("procpool.test.nil", nil) },
		"the name is taken": func() { procpool.RegisterInit("procpool.test.literal", goodInit) },
		"at most 4096":      func() { procpool.RegisterInit(strings.Repeat("x", 4097), goodInit) },
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, want) {
					t.Errorf("the panic %q, %q is expected", text, want)
				}
			}()
			register()
		}()
	}
}

type initMethod struct{ n int }

func (m initMethod) init(context.Context) error { initialised = string(rune(m.n)); return nil }

func genericInit[T any](context.Context) error { _ = *new(T); return nil }
