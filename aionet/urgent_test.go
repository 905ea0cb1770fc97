//go:build unix

package aionet_test

import (
	"bytes"
	"context"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
)

// Urgent data makes reads stop short before it: that is not a sign that nothing is
// there behind it.
func TestRead_AfterUrgentData(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		c, far := peer(ctx, t)
		raw, err := far.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		urgent := func(b byte) {
			err := raw.Write(func(fd uintptr) bool {
				return syscall.Sendto(int(fd), []byte{b}, syscall.MSG_OOB, nil) == nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		for range 20 {
			task := asyncio.CreateTask(ctx, func(context.Context) (string, error) {
				b := make([]byte, 100)
				for n := 0; ; {
					k, err := c.Read(b[n:])
					n += k
					if err != nil || bytes.HasSuffix(b[:n], []byte("behind")) {
						return string(b[:n]), err
					}
				}
			})
			turns(ctx, t, 2)
			write(t, far, "before") // all while the loop does not look
			urgent('!')
			write(t, far, "behind")
			got, err := task.Await(ctx)
			if got = string(bytes.ReplaceAll([]byte(got), []byte("!"), nil)); got != "beforebehind" || err != nil {
				t.Fatalf("read %q, %v", got, err)
			}
		}
		shut(t, c, far)
	})
}
