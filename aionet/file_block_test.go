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

// Others that share a file may set it to block. Then the loop waits in the system, as
// it must, but the program goes on. In the portable network package os reads, which has
// the file not block.
func TestAFileThatOthersSetToBlock(t *testing.T) {
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
			runtime.GC() // stops everybody who has not told that it is in the system
			io.WriteString(w, "x")
			w.Close()
		}()
		close(begun)
		wantRead(t, a, "x")
		<-done
	})
}
