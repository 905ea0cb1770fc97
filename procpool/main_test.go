package procpool_test

import (
	"os"
	"testing"

	"github.com/asyncio-go/asyncio/procpool"
)

// The test binary has several main functions. workerMode, in the environment of a worker, makes its
// start fail. programMode makes the binary a program that a test starts and kills.
const (
	workerMode  = "PROCPOOL_TEST_WORKER"
	programMode = "PROCPOOL_TEST_PROGRAM"
)

// beforeMain and afterMain are the main functions of the modes, by name. They do not return.
var beforeMain, afterMain = map[string]func(){}, map[string]func(){}

func TestMain(m *testing.M) {
	for _, variable := range []string{workerMode, programMode} {
		if program := beforeMain[os.Getenv(variable)]; program != nil {
			program()
		}
	}
	procpool.Main()
	if program := afterMain[os.Getenv(programMode)]; program != nil {
		program()
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // by default the race detector waits a second at the end of each worker
	os.Exit(m.Run())
}
