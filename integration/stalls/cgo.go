package stalls

/*
#include <time.h>

static void wait_for_device(int ms) {
	struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};
	nanosleep(&t, 0);
}

static unsigned checksum(unsigned n) {
	volatile unsigned sum = 0;
	for (unsigned i = 0; i < n; i++) sum = sum * 31 + i;
	return sum;
}

extern void stallsOnEvent(void);
static void dispatch(void) { stallsOnEvent(); }
*/
import "C"

import "context"

var inC = []program{
	{name: "cgo-wait", class: "cgo", call: "C.wait_for_device", advice: "asyncio.ToThread", run: cgoWaits},
	{name: "cgo-compute", class: "cgo", call: "C.checksum", advice: "asyncio.ToThread", run: cgoComputes},
	{name: "cgo-callback", class: "sleep", call: "time.Sleep", advice: "asyncio.Sleep", run: cgoCallsBack},
}

func cgoWaits(ctx context.Context) error {
	must(settle(ctx))
	once(func() { C.wait_for_device(C.int(lasts.Milliseconds())) }) // guilty: cgo-wait
	return nil
}

func cgoComputes(ctx context.Context) error {
	must(settle(ctx))
	again(func() { C.checksum(10_000_000) }) // guilty: cgo-compute
	return nil
}

func cgoCallsBack(ctx context.Context) error {
	must(settle(ctx))
	once(func() { C.dispatch() })
	return nil
}
