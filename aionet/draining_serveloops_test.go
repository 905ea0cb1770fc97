//go:build unix

package aionet_test

import "testing"

func TestDrainingInServeLoops(t *testing.T) {
	eachNetwork(t, func(t *testing.T, network string) {
		f := launch(t, network, nil, handlers(2, network, awaitDraining))
		c := f.dial(t)
		f.cancel(nil)
		wantEOF(t, c)
		c.Close()
		<-f.ended
		if f.err != nil {
			t.Errorf("ServeLoops: %v", f.err)
		}
	})
}
