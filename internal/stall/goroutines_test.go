package stall

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestGoroutinesAreRead(t *testing.T) {
	for head, want := range map[string]Goroutine{
		"goroutine 7 [running]:":                                                                   {ID: 7, State: "running"},
		"goroutine 8 [chan receive, 2 minutes]:":                                                   {ID: 8, State: "chan receive"},
		"goroutine 9 [sleep (durable), 2 minutes, synctest bubble 12]:":                            {ID: 9, State: "sleep", Durable: true, Bubble: "12"},
		"goroutine 10 gp=0x1 m=nil mp=0x2 [sync.Mutex.Lock, locked to thread, synctest bubble 3]:": {ID: 10, State: "sync.Mutex.Lock", Bubble: "3"},
		"goroutine 11 [select (durable) (scan), synctest bubble 3]:":                               {ID: 11, State: "select", Durable: true, Bubble: "3"},
		"goroutine 12 [chan receive, synctest bubble 3] {\"loop\": \"main\"}:":                     {ID: 12, State: "chan receive", Bubble: "3"},
	} {
		want.Trace = head + "\nmain.main()\n\t/main.go:3 +0x1"
		if got, ok := parseGoroutine(want.Trace); !ok || got != want {
			t.Errorf("%s was read as %+v", head, got)
		}
	}
	if _, ok := parseGoroutine("exit status 2"); ok {
		t.Error("what is no goroutine was read as one")
	}
}

func TestThisGoroutineIsAmongAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		this := ThisGoroutine()
		if this.ID == 0 || this.Bubble == "" || this.State != "running" || !strings.Contains(this.Place(), "TestThisGoroutineIsAmongAll") {
			t.Errorf("%+v", this)
		}
		for _, g := range Goroutines() {
			if g.ID == this.ID && g.Bubble == this.Bubble {
				return
			}
		}
		t.Error("the goroutine is not among all")
	})
}
