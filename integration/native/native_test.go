//go:build cgo

package native

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

// A connection has a library's methods.
type connection struct{ Library }

// programs block the loop in C until Release.
var programs = []struct {
	where string // the function with the line
	call  string
	block func()
}{
	{"Doze", "C.doze", Doze},
	{"Crunch", "C.crunch", Crunch},
	{"Query", "C.doze", func() { var q interface{ Query() } = connection{}; q.Query() }},
	{"Query", "C.doze", func() { sync.OnceFunc(connection{}.Query)() }},
	{"Query", "C.doze", func() { reflect.ValueOf(connection{}).MethodByName("Query").Call(nil) }},
	{"Each", "C.crunch", func() { Each([]string{"a"}, func(string) {}) }},
	{"Each", "C.crunch", func() { defer Each([]int{1}, func(int) {}) }},
	{"Descend", "C.doze", func() { Descend(500) }},
	{"Doze", "C.doze", func() {
		for range slices.Values([]int{1}) {
			Doze()
		}
	}},
}

const threshold = 40 * time.Millisecond

func TestTheWatchNamesWhatBlocksInC(t *testing.T) {
	src, err := os.ReadFile("native.go")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range programs {
		before, _, _ := strings.Cut(string(src), "// blocks: "+p.where+"\n")
		line := 1 + strings.Count(before, "\n")
		for _, procs := range []int{1, 2} {
			for _, parked := range []int{10, 1000} {
				t.Run(fmt.Sprintf("%d %s, %d processors, %d parked", i, p.where, procs, parked), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
					s := seen(t, p.block, parked)
					// On a busy machine the stack may not be captured, or the step may be slow before it blocks.
					for n := 0; n < 10 && (s.Class == asyncio.StallUnknown || s.Class == asyncio.StallStarvedOS && s.Call == ""); n++ {
						s = seen(t, p.block, parked)
					}
					if s.Class != asyncio.StallCgo || filepath.Base(s.File) != "native.go" || s.Line != line || s.Call != p.call ||
						!strings.Contains(s.Advice, "in asyncio.ToThread(") || !strings.Contains(s.Blame, "in a C function") {
						t.Errorf("want %v, %q at native.go:%d; the watch said: call %q, cpu %.2f, queued %v, %v",
							asyncio.StallCgo, p.call, line, s.Call, s.CPUShare, s.RunDelay, s)
					}
				})
			}
		}
	}
}

// seen returns the first report with a line, or the last.
func seen(t *testing.T, block func(), parked int) (seen asyncio.Stall) {
	Hold()
	defer Release()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	asyncio.Run(t.Context(), func(ctx context.Context) error {
		for range parked {
			asyncio.Go(ctx, func(ctx context.Context) error { return asyncio.Sleep(ctx, time.Hour) })
		}
		asyncio.Sleep(ctx, 0)
		block()
		return nil
	}, asyncio.WithLogger(quiet), asyncio.WithStallThreshold(threshold), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if s.Ended || s.TaskName != "main" || seen.Class == asyncio.StallCgo { // the rest of the step of main may also be slow
			return
		}
		seen = s
		if s.Class == asyncio.StallCgo || s.Elapsed > 8*threshold {
			Release()
		}
	}))
	return seen
}
