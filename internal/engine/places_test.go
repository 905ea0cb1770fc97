package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The history is bounded: what took least is forgotten first, and not the stall that lasts. Texts are cut.
func TestPlacesAreBounded(t *testing.T) {
	l := New(Config{})
	ps := &l.watch.places
	lasting := &slowStep{}
	r := Stall{Class: stall.Lock, Name: "lasts " + strings.Repeat("x", 1000), Stack: strings.Repeat("y", 1<<20)}
	lasting.place = ps.enter(r)
	ps.lasts(lasting, r, 0)
	for i := range 3 * maxPlaces {
		ps.took(ps.enter(Stall{Class: stall.IO, Name: fmt.Sprint(i)}), time.Duration(i)*time.Hour)
	}
	all := l.Places()
	if len(all) != maxPlaces || all[0].Name != fmt.Sprint(3*maxPlaces-1) {
		t.Fatalf("%d places are kept, the first is %q, want %d and the worst first", len(all), all[0].Name, maxPlaces)
	}
	least := all[len(all)-1]
	if least.Class != stall.Lock || len(least.Name) > mostText+3 || len(least.Stack) != maxPlaceStack {
		t.Errorf("the stall that lasts is %v with %d bytes of its name and %d of its stack", least.Class, len(least.Name), len(least.Stack))
	}
	ps.ended(lasting, time.Minute)
	ps.enter(Stall{Class: stall.IO, Name: "new"})
	if all = l.Places(); len(all) != maxPlaces || all[len(all)-1].Name != "new" || all[len(all)-2].Class == stall.Lock {
		t.Errorf("after its end %+v and %+v are the least", all[len(all)-2], all[len(all)-1])
	}
}
