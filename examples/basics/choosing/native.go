//go:build cgo

package main

/*
static long long native_sum(long long n) {
	long long s = 0;
	for (long long i = 0; i < n; i++) s += (i % 7) * (i % 13);
	return s;
}
*/
import "C"

import (
	"context"

	"github.com/asyncio-go/asyncio"
)

// native has the same sum computed by a library written in C. A call into C
// blocks the loop like any other call that takes its time: there is no lock
// that it could let go of to help, and none that keeps ToThread from helping.
func native(n int) []choice {
	inCoroutine := func(context.Context) (int, error) { return nativeSum(n), nil }
	inThread := func(ctx context.Context) (int, error) {
		return asyncio.ToThread(ctx, inCoroutine)
	}
	return []choice{
		{"a native library (cgo)", "none", inCoroutine},
		{"a native library (cgo)", "ToThread", inThread},
	}
}

func nativeSum(n int) int { return int(C.native_sum(C.longlong(n))) }
