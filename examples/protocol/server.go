package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

type config struct {
	addr     string
	maxLine  int
	idle     time.Duration
	maxConns int
	maxKeys  int
}

func (c config) check() error {
	switch {
	case c.maxLine < 16:
		return fmt.Errorf("-line %d: must be at least 16", c.maxLine)
	case c.idle <= 0:
		return fmt.Errorf("-idle %v: must be more than 0", c.idle)
	case c.maxConns < 1:
		return fmt.Errorf("-conns %d: must be at least 1", c.maxConns)
	case c.maxKeys < 1:
		return fmt.Errorf("-keys %d: must be at least 1", c.maxKeys)
	}
	return nil
}

// server is what the clients share. Everything of it is used on the loop, hence no lock.
type server struct {
	cfg     config
	values  map[string]string
	clients map[*client]struct{}
	stats   stats
}

type stats struct {
	served, lost, idle int // connections: all, those that failed, those that said nothing
	requests, errors   int
	bytes              int64
}

func newServer(cfg config) *server {
	return &server{cfg: cfg, values: map[string]string{}, clients: map[*client]struct{}{}}
}

// newClient is the factory of the protocol.
func (s *server) newClient() aionet.Protocol {
	return &client{server: s, in: lines{max: s.cfg.maxLine}}
}

func (s *server) join(c *client) {
	s.stats.served++
	s.clients[c] = struct{}{}
}

func (s *server) part(c *client, err error) {
	if err != nil {
		s.stats.lost++
	}
	delete(s.clients, c)
}

var errQuit = errors.New("quit")

// do carries out one request. The value of SET is the rest of the line.
func (s *server) do(request string) (reply string, err error) {
	verb, rest, _ := strings.Cut(request, " ")
	key, value, hasValue := strings.Cut(rest, " ")
	switch {
	case verb == "SET" && key != "" && hasValue:
		if _, known := s.values[key]; !known && len(s.values) >= s.cfg.maxKeys {
			return "", errors.New("too many keys")
		}
		s.values[key] = value
		return "OK", nil
	case verb == "GET" && key != "" && !hasValue:
		value, ok := s.values[key]
		if !ok {
			return "NONE", nil
		}
		return "VALUE " + value, nil
	case verb == "DEL" && key != "" && !hasValue:
		if _, ok := s.values[key]; !ok {
			return "NONE", nil
		}
		delete(s.values, key)
		return "OK", nil
	case request == "STATS":
		return s.String(), nil
	case request == "QUIT":
		return "", errQuit
	}
	return "", errors.New("expected SET key value, GET key, DEL key, STATS or QUIT")
}

// String is the answer to STATS.
func (s *server) String() string {
	return fmt.Sprintf("STATS clients=%d served=%d requests=%d errors=%d keys=%d idle=%d lost=%d bytes=%d",
		len(s.clients), s.stats.served, s.stats.requests, s.stats.errors, len(s.values), s.stats.idle, s.stats.lost, s.stats.bytes)
}

// lastCall is how long the clients have at the end.
const lastCall = 10 * time.Second

// serve runs the server in the calling task until stop is closed, and then ends it in
// order.
func (s *server) serve(ctx context.Context, stop <-chan struct{}, listens func(net.Addr)) error {
	l, err := aionet.Listen(ctx, "tcp", s.cfg.addr, aionet.MaxConns(s.cfg.maxConns))
	if err != nil {
		return err
	}
	task := asyncio.Go(ctx, func(ctx context.Context) error { return l.ServeProtocol(ctx, s.newClient) }, asyncio.Name("server"))
	listens(l.Addr())
	if _, _, err := asyncio.Recv(ctx, stop); err != nil {
		return err
	}
	for c := range s.clients {
		c.leave("BYE server stops")
	}
	limited, cancel := asyncio.WithTimeout(ctx, lastCall)
	defer cancel()
	if err := l.Shutdown(limited); err != nil {
		return err
	}
	_, err = task.Await(ctx)
	return err
}

// run serves on a loop of its own until stop is cancelled.
func run(stop context.Context, cfg config, listens func(net.Addr)) error {
	return asyncio.Run(context.WithoutCancel(stop), func(ctx context.Context) error {
		return newServer(cfg).serve(ctx, stop.Done(), listens)
	}, asyncio.WithName("protocol"))
}
