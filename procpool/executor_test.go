package procpool_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/executortest"
	"github.com/asyncio-go/asyncio/procpool"
)

// silent discards what the pool logs.
var silent = slog.New(slog.DiscardHandler)

func TestExecutor(t *testing.T) {
	executortest.Run(t, func(t *testing.T) asyncio.Executor {
		grace := time.Minute // a function that heeds its ctx must have time on a slow machine
		if strings.HasSuffix(t.Name(), "Ignored") {
			grace = 100 * time.Millisecond
		}
		pool, err := procpool.New(procpool.Options{Workers: 2, KillGrace: grace, StartTimeout: time.Minute, Logger: silent})
		if err != nil {
			t.Fatal(err)
		}
		return pool
	})
}
