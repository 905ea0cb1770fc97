package main

// The computation of the demonstration is the sum of (i%7) * (i%13) for all i below n. It uses the
// processor only.

// sumRange adds the terms of lo <= i < hi. It is never inlined, so that all remedies run the same
// instructions.
//
//go:noinline
func sumRange(lo, hi int64) int64 {
	var s int64
	for i := lo; i < hi; i++ {
		s += (i % 7) * (i % 13)
	}
	return s
}

// compute adds the terms below n in strides, and calls pause after each stride. It returns an error
// of pause.
func compute(n, stride int64, pause func() error) (int64, error) {
	var s int64
	for lo := int64(0); lo < n; lo += stride {
		s += sumRange(lo, min(lo+stride, n))
		if err := pause(); err != nil {
			return 0, err
		}
	}
	return s, nil
}

// closedSum returns the expected result of compute from a formula. The terms repeat every 91 = 7 *
// 13 steps, and one period adds up to 1638.
func closedSum(n int64) int64 {
	return n/91*1638 + sumRange(0, n%91)
}
