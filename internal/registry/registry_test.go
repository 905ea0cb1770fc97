package registry

import (
	"slices"
	"testing"
)

func TestRegistry_ReusesSlots(t *testing.T) {
	var g Registry[int]
	want := map[*int]bool{}
	var slots []int32
	var elements []*int
	add := func() {
		v := new(int)
		slot := g.Add(v)
		if g.At(slot) != v {
			t.Fatalf("At(%d) is not the element that was added", slot)
		}
		want[v] = true
		slots, elements = append(slots, slot), append(elements, v)
	}
	for range 3 * chunkLen {
		add()
	}
	for i := 0; i < 3*chunkLen; i += 2 {
		g.Remove(slots[i])
		if g.At(slots[i]) != nil {
			t.Fatalf("At(%d) is not nil after Remove", slots[i])
		}
		delete(want, elements[i])
	}
	for range chunkLen {
		add()
	}
	all := g.All()
	if len(all) != len(want) || slices.ContainsFunc(all, func(v *int) bool { return !want[v] }) {
		t.Errorf("All returned %d elements, want %d others", len(all), len(want))
	}
	if g.used != 3*chunkLen {
		t.Errorf("%d slots were used, want %d: free ones are used first", g.used, 3*chunkLen)
	}
}
