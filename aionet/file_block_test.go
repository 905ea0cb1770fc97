//go:build (linux || darwin || freebsd || netbsd || openbsd || dragonfly) && !asyncio_portable

package aionet_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"
)

// Another process may set a shared file to blocking mode. A read then blocks the loop, but not the
// other goroutines of the program. In the portable network package os reads, which sets the file to
// non-blocking mode.
func TestFileConn_SetToBlockingByOthers(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		a := adopt(ctx, t, r)
		defer shut(t, a)
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) { err = syscall.SetNonblock(int(fd), false) }); err != nil {
			t.Fatal(err)
		}
		begun, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			<-begun
			runtime.GC() // would block if the system call were raw
			io.WriteString(w, "x")
			w.Close()
		}()
		close(begun)
		wantRead(t, a, "x")
		<-done
	})
}
