package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
	"github.com/asyncio-go/asyncio/procpool"
)

func TestMain(m *testing.M) {
	procpool.Main() // the workers of the test are the test, started again
	os.Exit(m.Run())
}

const ms = time.Millisecond

// measureAlone is measure in a task group, which waits for the heartbeat's end.
func measureAlone(ctx context.Context, c choice) (r result, err error) {
	err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
		var err error
		r, err = measure(ctx, c)
		return err
	})
	return r, err
}

// In virtual time the measured numbers are exact.
func TestMeasure(t *testing.T) {
	blocks := func(context.Context) (int, error) {
		time.Sleep(300 * ms)
		return 0, nil
	}
	inThread := func(ctx context.Context) (int, error) { return asyncio.ToThread(ctx, blocks) }
	inParts := func(ctx context.Context) (int, error) {
		for range 12 {
			time.Sleep(25 * ms)
			if err := asyncio.Sleep(ctx, 0); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	for _, test := range []struct {
		name        string
		run         asyncio.Coroutine[int]
		took, delay time.Duration
	}{
		{"blocks", blocks, 300 * ms, 290 * ms},
		{"in a thread", inThread, 300 * ms, 0},
		{"in parts", inParts, 300 * ms, 65 * ms}, // the first tick comes after the third part, at 75 ms, not at 10
		{"waits", waits(1_000, time.Second), time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				r, err := measureAlone(ctx, choice{test.name, "", test.run})
				if err != nil {
					t.Fatal(err)
				}
				if r.took != test.took || r.delay != test.delay {
					t.Errorf("took %v with a delay of %v, want %v and %v", r.took, r.delay, test.took, test.delay)
				}
			}, asynciotest.AllowStalls())
		})
	}
}

func TestMeasureNamesTheChoiceThatFailed(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		broken := errors.New("broken")
		_, err := measureAlone(ctx, choice{"work", "remedy", func(context.Context) (int, error) { return 0, broken }})
		if !errors.Is(err, broken) || err.Error() != "work, remedy: broken" {
			t.Errorf("measure returned %v, want: work, remedy: broken", err)
		}
	})
}

// With real workers, so that the processes are some.
func TestEveryComputationFindsTheSameSum(t *testing.T) {
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		pool, err := procpool.New(procpool.Options{Workers: 2})
		if err != nil {
			return err
		}
		const n = 1_000_050
		for _, c := range append(choices(n, pool), native(n)...) {
			if c.work == "1,000 waits of 1 s (I/O)" { // they return no sum
				continue
			}
			if got, err := c.run.Await(ctx); got != sum(0, n) || err != nil {
				t.Errorf("%s, %s: %d, %v; want %d", c.work, c.remedy, got, err, sum(0, n))
			}
		}
		if got, want := pool.Stats().Completed, uint64(1+many); got != want {
			t.Errorf("%d calls were completed in processes, want %d", got, want)
		}
		return pool.Close(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
}

const wantTable = `work            remedy     took     worst delay   verdict
that blocks     none       0.61 s   600.2 ms      THE LOOP STANDS STILL
just blocks     none       0.20 s   100.0 ms      THE LOOP STANDS STILL
just competes   ToThread   0.21 s   100.0 ms      the loop is slow
does neither    ToThread   0.21 s   99.9 ms       the loop breathes

worst delay: how late everything else on the loop was, measured with a tick due every 10ms
`

func TestTable(t *testing.T) {
	var out bytes.Buffer
	err := table(&out, []result{
		{choice{"that blocks", "none", nil}, 610 * ms, 600200 * time.Microsecond},
		{choice{"just blocks", "none", nil}, 200 * ms, 100 * ms},
		{choice{"just competes", "ToThread", nil}, 210 * ms, 100 * ms},
		{choice{"does neither", "ToThread", nil}, 210 * ms, 99900 * time.Microsecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != wantTable {
		t.Errorf("got:\n%s\nwant:\n%s", got, wantTable)
	}
}

func TestCalibrateFindsWholeMillions(t *testing.T) {
	for _, d := range []time.Duration{0, 50 * ms} {
		if n := calibrate(d); n < 1_000_000 || n%1_000_000 != 0 {
			t.Errorf("calibrate(%v) = %d, want one or more whole millions", d, n)
		}
	}
}
