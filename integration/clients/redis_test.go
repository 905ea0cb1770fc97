package clients

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
)

// A store speaks the part of Redis's protocol that redis-benchmark and redis-cli need. All
// connections share it without a lock.
type store struct {
	values map[string]string
	calls  map[string]int
}

// serve answers the commands of a connection. It flushes when no further command has been
// received, so a pipeline is answered at once.
func (s *store) serve(_ context.Context, conn *aionet.Conn) error {
	r, w := bufio.NewReader(conn), bufio.NewWriter(conn)
	for {
		args, err := command(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.do(w, args)
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
}

func (s *store) do(w io.Writer, args []string) {
	name := strings.ToUpper(args[0])
	s.calls[name]++
	switch {
	case name == "PING":
		io.WriteString(w, "+PONG\r\n")
	case name == "SET" && len(args) == 3:
		s.values[args[1]] = args[2]
		io.WriteString(w, "+OK\r\n")
	case name == "GET" && len(args) == 2:
		v, ok := s.values[args[1]]
		if !ok {
			io.WriteString(w, "$-1\r\n")
			return
		}
		fmt.Fprintf(w, "$%d\r\n%s\r\n", len(v), v)
	case name == "INCR" && len(args) == 2:
		n, _ := strconv.Atoi(s.values[args[1]])
		s.values[args[1]] = strconv.Itoa(n + 1)
		fmt.Fprintf(w, ":%d\r\n", n+1)
	case name == "CONFIG":
		io.WriteString(w, "*0\r\n")
	default:
		fmt.Fprintf(w, "-ERR unknown command %q\r\n", name)
	}
}

// command reads an array of bulk strings.
func command(r *bufio.Reader) (args []string, err error) {
	n, err := header(r, '*')
	if err != nil {
		return nil, err
	}
	for range n {
		size, err := header(r, '$')
		if err != nil {
			return nil, err
		}
		arg := make([]byte, size+2)
		if _, err := io.ReadFull(r, arg); err != nil {
			return nil, err
		}
		args = append(args, string(arg[:size]))
	}
	if len(args) == 0 {
		return nil, errors.New("the command has no name")
	}
	return args, nil
}

func header(r *bufio.Reader, kind byte) (int, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q: want %c and a number", line, kind)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// TestRedisBenchmark tests many connections, with and without pipelines. No increment is lost.
func TestRedisBenchmark(t *testing.T) {
	benchmark := testloop.Program(t, "redis-benchmark", "redis-tools")
	cli := testloop.Program(t, "redis-cli", "redis-tools")
	const requests = 20_000
	testloop.Run(t, func(ctx context.Context) {
		s := &store{values: map[string]string{}, calls: map[string]int{}}
		addr, end := testloop.Serve(ctx, t, s.serve)
		defer end()
		_, port, _ := strings.Cut(addr, ":")
		for _, pipeline := range []string{"1", "16"} {
			clear(s.calls)
			clear(s.values)
			testloop.Output(ctx, t, "", benchmark, "-p", port, "-n", strconv.Itoa(requests), "-c", "50", "-P", pipeline, "-q", "-t", "ping_mbulk,set,get,incr", "-e")
			for _, name := range []string{"PING", "SET", "GET", "INCR"} {
				if s.calls[name] < requests {
					t.Errorf("pipelines of %s: %d calls of %s, want at least %d", pipeline, s.calls[name], name, requests)
				}
			}
			got := testloop.Output(ctx, t, "", cli, "-p", port, "GET", "counter:__rand_int__")
			if got != fmt.Sprintln(s.calls["INCR"]) {
				t.Errorf("pipelines of %s: the counter is %q after %d increments", pipeline, got, s.calls["INCR"])
			}
		}
		value := strings.Repeat("value", 200_000)
		if got := testloop.Output(ctx, t, value, cli, "-p", port, "-x", "SET", "large"); got != "OK\n" {
			t.Errorf("SET of 1 MB: %q", got)
		}
		if got := testloop.Output(ctx, t, "", cli, "-p", port, "GET", "large"); got != value+"\n" {
			t.Errorf("GET of 1 MB: %d bytes", len(got))
		}
	})
}
