package asyncio

import (
	"math"
	"testing"
)

func checkScalar[T comparable](t *testing.T, values ...T) {
	t.Helper()
	for _, v := range values {
		b, err := encode(v, false)
		if err != nil {
			t.Errorf("%T %v: %v", v, v, err)
		}
		if got, err := decode[T](b); got != v || err != nil {
			t.Errorf("%T %v decoded as %v, %v", v, v, got, err)
		}
		if _, err := decode[T](append(b, 0)); err == nil {
			t.Errorf("%T %v with an extra byte was accepted", v, v)
		}
		if _, err := decode[T](nil); err == nil {
			t.Errorf("no bytes were accepted as a %T", v)
		}
	}
}

type celsius float32

func TestEncodeScalar(t *testing.T) {
	checkScalar(t, 0, 1, -1, math.MaxInt, math.MinInt)
	checkScalar[int8](t, math.MinInt8, math.MaxInt8)
	checkScalar[uint64](t, 0, math.MaxUint64)
	checkScalar(t, 0, math.Inf(-1), math.SmallestNonzeroFloat64)
	checkScalar[celsius](t, -273.15, math.MaxFloat32)
	checkScalar(t, true, false)
	if b, _ := encode(math.NaN(), false); b != nil {
		if got, err := decode[float64](b); !math.IsNaN(got) || err != nil {
			t.Errorf("NaN decoded as %v, %v", got, err)
		}
	}
}

func TestDecodeScalar_Overflow(t *testing.T) {
	b, _ := encode(300, false)
	if v, err := decode[int8](b); err == nil {
		t.Errorf("300 was accepted as the int8 %d", v)
	}
	b, _ = encode(uint(300), false)
	if v, err := decode[uint8](b); err == nil {
		t.Errorf("300 was accepted as the uint8 %d", v)
	}
	if _, err := decode[bool]([]byte{2}); err == nil {
		t.Error("2 was accepted as a bool")
	}
	if _, err := decode[float64]([]byte{1, 2, 3}); err == nil {
		t.Error("three bytes were accepted as a float64")
	}
}
