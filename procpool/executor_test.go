package procpool_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/executortest"
	"github.com/asyncio-go/asyncio/procpool"
)

// silent swallows what workers print.
var silent = slog.New(slog.DiscardHandler)

func TestExecutor(t *testing.T) {
	executortest.Run(t, func(t *testing.T) asyncio.Executor {
		pool, err := procpool.New(procpool.Options{Workers: 2, KillGrace: 100 * time.Millisecond, Logger: silent})
		if err != nil {
			t.Fatal(err)
		}
		return pool
	})
}
