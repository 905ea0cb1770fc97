//go:build cgo

package main

import "testing"

func TestNativeSum(t *testing.T) {
	if got, want := nativeSum(1_000_050), sum(0, 1_000_050); got != want {
		t.Errorf("nativeSum = %d, want %d", got, want)
	}
}
