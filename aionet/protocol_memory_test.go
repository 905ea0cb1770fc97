//go:build linux && !race && !asyncio_portable

package aionet_test

import (
	"context"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// An idle connection with a Protocol has no goroutine, no stack and no buffer: a
// kibibyte of the heap at most, the protocol's own value and the poller's place
// included.
func TestIdleProtocolIsSmall(t *testing.T) {
	const most = 1024
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	conns := min(4000, int(limit.Cur-100)/200*100) // two descriptors each
	used := func() (heap, stacks uint64, goroutines int) {
		var m runtime.MemStats
		for range 3 {
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, m.StackInuse, runtime.NumGoroutine()
	}
	onWire(t, func(ctx context.Context) error {
		now, heard := 0, 0
		server := serveProtocol(ctx, t, func() aionet.Protocol {
			return &script{
				made: func(*script) { now++ },
				got:  func(s *script, data []byte) { heard++; s.data, s.calls = nil, nil; s.t.Write(data) },
				lost: func(*script, error) { now-- },
			}
		})
		clients := make([]int, conns) // no objects of package net beside them
		defer func() {
			for _, fd := range clients {
				if fd > 0 {
					syscall.Close(fd)
				}
			}
		}()
		to := &syscall.SockaddrInet4{Port: server.l.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
		connect := func(fds []int) error {
			_, err := asyncio.ToThread(ctx, func(context.Context) (struct{}, error) {
				for i := range fds {
					fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
					if err != nil {
						return struct{}{}, err
					}
					fds[i] = fd
					if err := syscall.Connect(fd, to); err != nil {
						return struct{}{}, err
					}
					if _, err := syscall.Write(fd, []byte("x")); err != nil {
						return struct{}{}, err
					}
				}
				return struct{}{}, nil
			})
			return err
		}
		until := func(n int) error {
			for heard < n {
				if err := asyncio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		}
		const warm = 100 // what the loop grows once
		if err := connect(clients[:warm]); err != nil {
			return err
		}
		if err := until(warm); err != nil {
			return err
		}
		heap, stacks, goroutines := used()
		for i := warm; i < conns; i += 100 {
			if err := connect(clients[i : i+100]); err != nil {
				return err
			}
			if err := until(i + 100); err != nil {
				return err
			}
		}
		settle(ctx, t, goroutines) // those of ToThread
		heap2, stacks2, goroutines2 := used()
		per := (float64(heap2) - float64(heap) + float64(stacks2) - float64(stacks)) / float64(conns-warm)
		t.Logf("%.0f bytes for each of %d connections", per, now)
		if now != conns {
			t.Errorf("%d connections are open, want %d", now, conns)
		}
		if per > most {
			t.Errorf("an idle connection takes %.0f bytes, want at most %d", per, most)
		}
		if goroutines2 > goroutines {
			t.Errorf("%d goroutines, %d with %d connections fewer", goroutines2, goroutines, conns-warm)
		}
		for i, fd := range clients {
			syscall.Close(fd)
			clients[i] = 0
		}
		server.stop(ctx, t)
		return nil
	}, noWatch)
}
