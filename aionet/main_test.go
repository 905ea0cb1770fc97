package aionet_test

import (
	"os"
	"testing"
)

// The test binary is more programs than one: what spoils a process, as running out of
// descriptors does, happens in a process of its own.
const programEnv = "AIONET_TEST_PROGRAM"

var programs = map[string]func(){}

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(programEnv)]; program != nil {
		program()
		os.Exit(0)
	}
	os.Exit(m.Run())
}
