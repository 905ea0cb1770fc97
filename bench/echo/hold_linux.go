package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

const (
	beat    = 100 * time.Millisecond
	allowed = 100 * time.Millisecond // later than that is late
)

// hold keeps many connections busy and prints what became of the server's heartbeat.
func hold(args []string) {
	flags := flag.NewFlagSet("hold", flag.ExitOnError)
	conns := flags.Int("c", 10_000, "connections")
	size := flags.Int("s", 1024, "bytes of a message")
	d := flags.Duration("for", 20*time.Second, "how long")
	flags.Parse(args)
	server, port := start("heart")
	load := exec.Command(self(), "load", "-p", port, "-c", strconv.Itoa(*conns), "-s", strconv.Itoa(*size),
		"-d", d.String(), "-w", "2s", "-pid", strconv.Itoa(server.Process.Pid))
	text, err := load.CombinedOutput()
	if err != nil {
		server.kill()
		fail(fmt.Errorf("load: %v: %s", err, text))
	}
	fmt.Printf("%d connections, %d bytes, %v: %s requests per CPU second of the server\n", *conns, *size, *d, text[:len(text)-1])
	server.end()
}

// serveHeart echoes, with a heartbeat, and tells of it when standard input ends.
func serveHeart() {
	var beats, late int
	var worst time.Duration
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		asyncio.Go(ctx, func(ctx context.Context) error {
			for due := time.Now().Add(beat); ; due = due.Add(beat) {
				if err := asyncio.Sleep(ctx, time.Until(due)); err != nil {
					return err
				}
				gap := time.Since(due)
				beats++
				worst = max(worst, gap)
				if gap > allowed {
					late++
					due = time.Now()
				}
			}
		})
		ready(l.Addr())
		server := asyncio.Go(ctx, func(ctx context.Context) error { return l.Serve(ctx, echoLent) })
		asyncio.ToThread(ctx, func(context.Context) (int64, error) { return io.Copy(io.Discard, os.Stdin) })
		server.Cancel(nil)
		return nil
	})
	fmt.Fprintf(os.Stderr, "heartbeat every %v: %d beats, %d more than %v late, the worst %v late\n", beat, beats, late, allowed, worst.Round(time.Microsecond))
	fail(err)
}
