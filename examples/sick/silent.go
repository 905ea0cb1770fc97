package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/asyncio-go/asyncio"
)

// startAudit starts the task that writes down what was sold.
func (s *shop) startAudit(ctx, group context.Context) {
	if s.sick("silent") {
		s.auditor = asyncio.Go(ctx, s.audit, asyncio.Name("audit")) // nobody awaits it
	} else {
		s.auditor = asyncio.Go(group, s.audit, asyncio.Name("audit")) // its failure is the group's
	}
}

// record hands a line to the auditor.
func (s *shop) record(ctx context.Context, text string) error { return s.audits.Put(ctx, text) }

// audit writes lines to a file. In the illness there is no folder to write it in.
func (s *shop) audit(ctx context.Context) error {
	folder := s.world.folder
	if s.ill == "silent" {
		folder = filepath.Join(folder, "sales")
	}
	file, err := asyncio.ToThread(ctx, func(context.Context) (*os.File, error) {
		return os.Create(filepath.Join(folder, "audit.txt"))
	})
	if err != nil {
		return err
	}
	defer file.Close()
	for line := range s.audits.All(ctx) {
		_, err := asyncio.ToThread(ctx, func(context.Context) (int, error) { return fmt.Fprintln(file, line) })
		s.audits.TaskDone()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
