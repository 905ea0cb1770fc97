package main

import (
	"bufio"
	"context"
	"fmt"
	"net"

	"github.com/asyncio-go/asyncio/aionet"
)

// tax asks the tax office, which takes its time.
func (s *shop) tax(ctx context.Context, text string) error {
	if s.sick("blocked") {
		conn, err := net.Dial("tcp", s.world.office)
		if err != nil {
			return err
		}
		defer conn.Close()
		fmt.Fprintln(conn, text)
		_, err = bufio.NewReader(conn).ReadString('\n') // the loop waits, and everybody with it
		return err
	}
	conn, err := aionet.Dial(ctx, "tcp", s.world.office)
	if err != nil {
		return err
	}
	defer conn.Close()
	fmt.Fprintln(conn, text)
	_, err = bufio.NewReader(conn).ReadString('\n') // this task waits
	return err
}
