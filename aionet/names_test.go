package aionet_test

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// Names are resolved off the loop, and their addresses raced.

// resolverDial connects to the name server of the test that runs, if it has one. The
// resolver is set once: its goroutines may outlive a call that was cancelled.
var resolverDial atomic.Pointer[func(ctx context.Context) (net.Conn, error)]

func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dial := resolverDial.Load(); dial != nil {
			return (*dial)(ctx)
		}
		var d net.Dialer
		return d.DialContext(ctx, network, addr)
	}}
}

// nameServer answers every question about addresses with ::1 and 127.0.0.1, and is the
// process's resolver while the test runs. asked is called before each question.
func nameServer(t *testing.T, asked func()) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		b := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			server.WriteTo(answer(b[:n]), from)
		}
	})
	dial := func(ctx context.Context) (net.Conn, error) {
		asked()
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}
	resolverDial.Store(&dial)
	t.Cleanup(func() {
		resolverDial.Store(nil)
		server.Close()
		wg.Wait()
	})
}

// answer returns the response to a question with one name (RFC 1035, 4.1).
func answer(question []byte) []byte {
	end := 12
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	kind := binary.BigEndian.Uint16(question[end+1:])
	a := append([]byte(nil), question[:end+5]...)
	copy(a[2:], []byte{0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}) // a response: one question, one answer
	data := net.IPv4(127, 0, 0, 1).To4()
	if kind == 28 { // AAAA
		data = net.IPv6loopback
	}
	a = append(a, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(data)))
	return append(a, data...)
}

// bothFamilies listens on one port of ::1 and of 127.0.0.1.
func bothFamilies(ctx context.Context, t *testing.T) (six, four *aionet.Listener, port string) {
	t.Helper()
	for range 20 {
		four := listen(ctx, t)
		_, port, _ := net.SplitHostPort(four.Addr().String())
		six, err := aionet.Listen(ctx, "tcp", "[::1]:"+port)
		if err == nil {
			return six, four, port
		}
		shut(t, four)
		if !strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
			lacks(t, "IPv6: %v", err)
		}
	}
	t.Fatal("no port is free in both families")
	return nil, nil, ""
}

func TestNamesAreResolvedOffTheLoop(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		l := listen(ctx, t)
		_, port, _ := net.SplitHostPort(l.Addr().String())
		asked, goOn := make(chan struct{}), make(chan struct{})
		once := sync.OnceFunc(func() { close(asked) })
		nameServer(t, func() { once(); <-goOn })
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.Conn, error) {
			return aionet.Dial(ctx, "tcp4", "somewhere.test.:"+port)
		})
		if _, _, err := asyncio.Recv(ctx, asked); err != nil {
			t.Fatal(err)
		}
		turns(ctx, t, 1000) // the loop turns while the name server thinks
		close(goOn)
		c, err := task.Await(ctx)
		if err != nil {
			t.Fatal(err)
		}
		shut(t, c, l)
	})
}

// If one address refuses the connection, Dial tries the next one.
func TestDial_TriesTheSecondAddress(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		nameServer(t, func() {})
		six, four, port := bothFamilies(ctx, t)
		for _, dead := range []*aionet.Listener{six, four} {
			alive := four
			if dead == four {
				if six, err := aionet.Listen(ctx, "tcp", six.Addr().String()); err == nil {
					alive = six
				} else {
					t.Fatal(err)
				}
			}
			shut(t, dead)
			c, err := aionet.Dial(ctx, "tcp", "somewhere.test.:"+port)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.RemoteAddr().String(); got != alive.Addr().String() {
				t.Errorf("connected to %s, want %s", got, alive.Addr())
			}
			shut(t, c)
			if dead == four {
				shut(t, alive)
			}
		}
	})
}

// An address that says nothing is overtaken by one of the other family, after a while
// (RFC 8305). It says nothing until the test ends.
func TestHappyEyeballs(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		nameServer(t, func() {})
		six, four, port := bothFamilies(ctx, t)
		release := make(chan struct{})
		var later atomic.Bool
		first, next := make(chan string, 1), make(chan string, 10)
		c, err := aionet.Dial(ctx, "tcp", "somewhere.test.:"+port, aionet.Control(func(network, _ string, _ syscall.RawConn) error {
			if later.Swap(true) {
				next <- network
			} else {
				first <- network
				<-release
			}
			return nil
		}))
		close(release)
		if err != nil {
			t.Fatal(err)
		}
		silent, winner := <-first, <-next
		if silent == winner {
			t.Errorf("both attempts were of %s", silent)
		}
		if got := c.RemoteAddr().String(); got != map[string]*aionet.Listener{"tcp4": four, "tcp6": six}[winner].Addr().String() {
			t.Errorf("connected to %s, and %s was tried second", got, winner)
		}
		shut(t, c, six, four)
	})
}

func TestCancelWhileANameIsResolved(t *testing.T) {
	onLoop(t, func(ctx context.Context) {
		asked, goOn := make(chan struct{}), make(chan struct{})
		once := sync.OnceFunc(func() { close(asked) })
		nameServer(t, func() { once(); <-goOn })
		task := asyncio.CreateTask(ctx, func(ctx context.Context) (*aionet.Conn, error) {
			return aionet.Dial(ctx, "tcp", "somewhere.test.:1")
		})
		asyncio.Recv(ctx, asked)
		task.Cancel(nil)
		_, err := task.Await(ctx) // although the name server never answers
		wantErr(t, "Dial", err, context.Canceled)
		close(goOn)
	})
}
