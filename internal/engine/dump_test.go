package engine

import (
	"strings"
	"testing"
	"testing/synctest"
)

// A loop that was dumped while it was blocked does not write, when it goes on, what nobody
// waits for any more.
func TestADumpThatNobodyWaitsForIsNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(Config{})
		l.life.Store(lifeRunning) // and gets nowhere
		for range 3 {
			var text strings.Builder
			if err := l.Dump(&text); err != nil || !strings.HasPrefix(text.String(), "event loop: 0 task(s), ") {
				t.Fatalf("error %v, text %q", err, text.String())
			}
		}
		l.takePosts()
		if n := l.dumps.Load(); n != 0 {
			t.Errorf("the loop has begun or ended %d dumps, want none", n)
		}
	})
}
