//go:build unix

package main

import (
	"context"
	"os"
	"testing"

	"github.com/asyncio-go/asyncio/asynciotest"
)

// A name that means something else to the driver is that of a file all the same.
func TestNamesOfTheDatabase(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{":memory:", "file:pages.db"} {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			s, err := openStore(ctx, name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := s.close(ctx); err != nil {
				t.Error(err)
			}
			if info, err := os.Stat(name); err != nil || info.Size() == 0 {
				t.Errorf("the tables are not in the file %s: %v, %v", name, info, err)
			}
		})
	}
}
