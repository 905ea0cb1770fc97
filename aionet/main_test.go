package aionet_test

import (
	"os"
	"testing"
)

// The test binary contains further programs. Tests that affect the whole process, such as running
// out of descriptors, run one of them in a separate process.
const programEnv = "AIONET_TEST_PROGRAM"

var programs = map[string]func(){}

func TestMain(m *testing.M) {
	if program := programs[os.Getenv(programEnv)]; program != nil {
		program()
		os.Exit(0)
	}
	os.Exit(m.Run())
}
