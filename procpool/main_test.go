package procpool_test

import (
	"os"
	"testing"

	"github.com/asyncio-go/asyncio/procpool"
)

// The test binary is many programs. workerMode, put into the environment of a
// worker, spoils its start; programMode makes the binary a program of its own that a
// test starts, looks at, and kills.
const (
	workerMode  = "PROCPOOL_TEST_WORKER"
	programMode = "PROCPOOL_TEST_PROGRAM"
)

// beforeMain and afterMain are the modes' programs, by name. They do not return.
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
	os.Setenv("GORACE", "atexit_sleep_ms=0") // or every worker of a race-detecting binary takes a second to end
	os.Exit(m.Run())
}
