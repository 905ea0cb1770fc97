package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// farewell is the last thing that the shop does: it tells the archive that it closes. In
// the illness, the archive never answers.
func (s *shop) farewell(ctx context.Context) error {
	if !s.sick("shutdown") {
		limited, cancel := asyncio.WithTimeout(ctx, 500*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	_, err := asyncio.Go(ctx, s.archive, asyncio.Name("archive")).Await(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, asyncio.ErrTaskCancelled) {
		s.say("the archive did not answer in time; closing without it")
		return nil
	}
	return err
}

func (s *shop) archive(ctx context.Context) error {
	address := s.world.office
	if s.ill == "shutdown" {
		address = s.world.silence
	}
	conn, err := aionet.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(conn, "the shop closes")
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}
