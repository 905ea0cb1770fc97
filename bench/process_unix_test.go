//go:build unix

package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/procpool"
)

var (
	echo   = asyncio.Register("bench.echo", func(_ context.Context, b []byte) ([]byte, error) { return b, nil })
	sum    = asyncio.Register("bench.sum", func(_ context.Context, b []byte) ([]byte, error) { return []byte{touch(b)}, nil })
	negate = asyncio.Register("bench.negate", func(_ context.Context, n int) (int, error) { return -n, nil })
)

// withPool is onLoop with a pool of processes, whose workers have started.
func withPool(workers int, body func(ctx context.Context, b *testing.B, pool *procpool.Pool) error) func(b *testing.B) {
	return func(b *testing.B) {
		pool, err := procpool.New(procpool.Options{Workers: workers})
		if err != nil {
			b.Fatal(err)
		}
		onLoop(b, func(ctx context.Context) error {
			for len(pool.Stats().Workers) < workers {
				if _, err := asyncio.Gather(ctx, slices.Repeat([]asyncio.Coroutine[int]{func(ctx context.Context) (int, error) {
					return negate.Call(ctx, pool, 1)
				}}, 4*workers)...); err != nil {
					return err
				}
			}
			err := body(ctx, b, pool)
			b.StopTimer()
			if closed := pool.Close(context.WithoutCancel(ctx)); err == nil {
				err = closed
			}
			return err
		})
	}
}

// BenchmarkProcessEcho: a call of a function in another process with 64 bytes, and
// the same bytes back. Floor: the bytes alone, over a pair of sockets.
func BenchmarkProcessEcho(b *testing.B) { echoRow(b, 64) }

// BenchmarkProcessCopy: the same with a mebibyte.
func BenchmarkProcessCopy(b *testing.B) { echoRow(b, 1<<20) }

func echoRow(b *testing.B, size int) {
	sent := make([]byte, size)
	for i := range sent {
		sent[i] = byte(i * 7)
	}
	b.Run("asyncio", withPool(1, func(ctx context.Context, b *testing.B, pool *procpool.Pool) error {
		var got []byte
		var err error
		for b.Loop() {
			if got, err = echo.Call(ctx, pool, sent); err != nil {
				return err
			}
		}
		return same(got, sent)
	}))
	b.Run("floor", withPeer(echoPeer, size, func(b *testing.B, p *peer) error {
		got := make([]byte, size)
		for b.Loop() {
			if _, err := p.conn.Write(sent); err != nil {
				return err
			}
			if _, err := io.ReadFull(p.conn, got); err != nil {
				return err
			}
		}
		return same(got, sent)
	}))
}

func same(got, sent []byte) error {
	if !bytes.Equal(got, sent) {
		return fmt.Errorf("%d bytes came back, want the %d that were sent", len(got), len(sent))
	}
	return nil
}

// BenchmarkProcessSend: 64 MiB for a function that reads them and answers with a
// byte. The pool passes them through shared memory where the system has it, and the
// socket does not.
func BenchmarkProcessSend(b *testing.B) {
	sent := bytes.Repeat([]byte{1}, 64<<20)
	want := touch(sent)
	b.Run("asyncio", withPool(1, func(ctx context.Context, b *testing.B, pool *procpool.Pool) error {
		for b.Loop() {
			got, err := sum.Call(ctx, pool, sent)
			if err != nil {
				return err
			}
			if err := same(got, []byte{want}); err != nil {
				return err
			}
		}
		return nil
	}))
	b.Run("socket", withPeer(sinkPeer, len(sent), func(b *testing.B, p *peer) error {
		for b.Loop() {
			if _, err := p.conn.Write(sent); err != nil {
				return err
			}
			if err := p.answer(); err != nil {
				return err
			}
		}
		return nil
	}))
}

// callsAtOnce is how many calls BenchmarkProcessCalls has under way.
const callsAtOnce = 2000

// BenchmarkProcessCalls: the smallest of functions, called again and again on two
// worker processes: what one call costs when many are under way. No two travel together.
func BenchmarkProcessCalls(b *testing.B) {
	b.Run("asyncio", withPool(2, func(ctx context.Context, b *testing.B, pool *procpool.Pool) error {
		calls := make([]*asyncio.Task[int], callsAtOnce)
		for b.Loop() {
			for i := range calls {
				calls[i] = negate.Submit(ctx, pool, i)
			}
			for i, c := range calls {
				if n, err := c.Await(ctx); err != nil || n != -i {
					return fmt.Errorf("call %d gave %d, %w", i, n, err)
				}
			}
		}
		perPart(b, callsAtOnce, "ns/call")
		return nil
	}))
	b.Run("python", func(b *testing.B) {
		total := 0.0
		for b.Loop() {
			python := exec.Command("python3", "-", strconv.Itoa(callsAtOnce))
			python.Stdin = strings.NewReader(pythonCalls)
			out, err := python.Output()
			if err != nil {
				b.Fatalf("python3: %v", err)
			}
			figure, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				b.Fatalf("python3 printed %q, want a number", out)
			}
			total += figure
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(total/float64(b.N), "ns/call")
	})
}

// pythonCalls prints what a call costs once the workers have started.
const pythonCalls = `
import operator, sys, time
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    n = int(sys.argv[1])
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(operator.neg, range(200)))
        begin = time.perf_counter_ns()
        if list(pool.map(operator.neg, range(n))) != [-i for i in range(n)]:
            sys.exit("wrong results")
        print((time.perf_counter_ns() - begin) / n)
`

// BenchmarkProcessStart: from no process to the first answer of one; the median.
// Floor: the same binary, which does nothing before it sends a byte.
func BenchmarkProcessStart(b *testing.B) {
	b.Run("asyncio", func(b *testing.B) {
		onLoop(b, func(ctx context.Context) error {
			return medianRow(b, func() (time.Duration, error) {
				begin := time.Now()
				pool, err := procpool.New(procpool.Options{Workers: 1})
				if err != nil {
					return 0, err
				}
				_, err = negate.Call(ctx, pool, 1)
				took := time.Since(begin)
				if closed := pool.Close(ctx); err == nil {
					err = closed
				}
				return took, err
			})
		})
	})
	b.Run("floor", func(b *testing.B) {
		err := medianRow(b, func() (time.Duration, error) {
			begin := time.Now()
			p, err := startPeer(echoPeer, 1)
			took := time.Since(begin)
			if err == nil {
				err = p.end()
			}
			return took, err
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkProcessReplace: a worker is killed, and another has answered in its
// place; the median.
func BenchmarkProcessReplace(b *testing.B) {
	b.Run("asyncio", withPool(1, func(ctx context.Context, b *testing.B, pool *procpool.Pool) error {
		pid := pool.Stats().Workers[0].Pid
		return medianRow(b, func() (time.Duration, error) {
			begin := time.Now()
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				return 0, err
			}
			_, err := negate.Call(ctx, pool, 1)
			took := time.Since(begin)
			if err != nil {
				return 0, err
			}
			killed := pid
			if pid = pool.Stats().Workers[0].Pid; pid == killed {
				return 0, fmt.Errorf("worker %d was killed and has answered", pid)
			}
			return took, nil
		})
	}))
}

// medianRow reports the median of what once says it took.
func medianRow(b *testing.B, once func() (time.Duration, error)) error {
	var all []time.Duration
	for b.Loop() {
		took, err := once()
		if err != nil {
			return err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(all[len(all)/2]), "p50-ns")
	return nil
}
