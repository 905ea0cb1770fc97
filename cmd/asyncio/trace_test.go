package main

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestRecorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder()
		rec.tick()
		time.Sleep(time.Second)
		early := rec.snapshot()

		rec.computing()
		time.Sleep(time.Second)
		rec.computed([]int64{7})
		rec.tick()
		time.Sleep(time.Second)
		rec.end()

		// What comes after the end changes nothing.
		time.Sleep(time.Second)
		rec.tick()
		rec.end()
		late := rec.snapshot()

		if !slices.Equal(early.ticks, ms(0)) || early.begun || early.end != time.Second {
			t.Errorf("the early snapshot is %+v", early)
		}
		if !slices.Equal(late.ticks, ms(0, 2000)) || late.end != 3*time.Second {
			t.Errorf("the late snapshot has ticks %v and ends at %v", late.ticks, late.end)
		}
		if !late.begun || late.from != time.Second || !late.over || late.to != 2*time.Second || !slices.Equal(late.sums, []int64{7}) {
			t.Errorf("the late snapshot has the computation %+v", late)
		}
	})
}
