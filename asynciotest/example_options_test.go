package asynciotest_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A network serves a program as well as a test: this one opens no socket.
func ExampleNewNetwork() {
	n := asynciotest.NewNetwork()
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := aionet.Listen(ctx, "tcp", "shop:80")
		if err != nil {
			return err
		}
		defer l.Close()
		c, err := aionet.Dial(ctx, "tcp", "shop:80")
		if err != nil {
			return err
		}
		fmt.Println("connected to port", c.RemoteAddr().String()[len(c.RemoteAddr().String())-2:])
		return c.Close()
	}, asynciotest.WithNetwork(n))
	if err != nil {
		fmt.Println(err)
	}
	// Output: connected to port 80
}

// Options that several tests have in common.
func ExampleNetworkOption() {
	mobile := []asynciotest.NetworkOption{
		asynciotest.Latency(50*time.Millisecond, 50*time.Millisecond),
		asynciotest.Loss(0.02),
		asynciotest.Buffer(16 << 10),
	}

	TestRoundTrip := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, b := asynciotest.Pipe(ctx)
			began := time.Now()
			a.Write([]byte("x"))
			io.ReadFull(b, make([]byte, 1))
			b.Write([]byte("y"))
			io.ReadFull(a, make([]byte, 1))
			fmt.Println("there and back in", time.Since(began))
		}, asynciotest.WithNetwork(asynciotest.NewNetwork(mobile...)))
	}

	goTest("TestRoundTrip", TestRoundTrip)
	// Output:
	// there and back in 100ms
	// PASS: TestRoundTrip
}

// To connect takes there and back.
func ExampleLatency() {
	n := asynciotest.NewNetwork(asynciotest.Latency(time.Second, time.Second))

	TestFarAway := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			l, err := aionet.Listen(ctx, "tcp", "moon:80")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			began := time.Now()
			c, err := aionet.Dial(ctx, "tcp", "moon:80")
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Println("connected after", time.Since(began))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestFarAway", TestFarAway)
	// Output:
	// connected after 2s
	// PASS: TestFarAway
}

// A peer that does not read: there is room for four bytes, and then Write waits.
func ExampleBuffer() {
	n := asynciotest.NewNetwork(asynciotest.Buffer(4))

	TestSlowReader := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, _ := asynciotest.Pipe(ctx)
			limited, cancel := asyncio.WithTimeout(ctx, time.Minute)
			defer cancel()
			fmt.Println(a.WithContext(limited).Write([]byte("0123456789")))
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestSlowReader", TestSlowReader)
	// Output:
	// 4 context deadline exceeded
	// PASS: TestSlowReader
}

// Code that takes one Read for one message fails here, and this does not.
func ExampleChunks() {
	n := asynciotest.NewNetwork(asynciotest.Chunks(3))

	TestTorn := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			a, b := asynciotest.Pipe(ctx)
			asyncio.Go(ctx, func(ctx context.Context) error {
				defer a.Close()
				_, err := io.WriteString(a, "a message of some length")
				return err
			})
			var whole []byte
			reads, piece := 0, make([]byte, 100)
			for {
				k, err := b.Read(piece)
				if err != nil {
					break
				}
				whole = append(whole, piece[:k]...)
				reads++
			}
			fmt.Printf("%s; in pieces: %v\n", whole, reads >= 8)
		}, asynciotest.WithNetwork(n))
	}

	goTest("TestTorn", TestTorn)
	// Output:
	// a message of some length; in pieces: true
	// PASS: TestTorn
}

// deliver sends datagrams with the numbers below count, one after the other, and
// returns those that have come a second later.
func deliver(ctx context.Context, t *testing.T, count int) (got []int) {
	to, err := aionet.ListenPacket(ctx, "udp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	from, err := aionet.Dial(ctx, "udp", to.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	for i := range count {
		if _, err := from.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	to.SetReadDeadline(time.Now().Add(time.Second))
	for b := make([]byte, 1); ; {
		if _, _, err := to.ReadFrom(b); err != nil {
			return got
		}
		got = append(got, int(b[0]))
	}
}

func ExampleLoss() {
	TestLost := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			fmt.Println(deliver(ctx, t, 3))
		}, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Loss(1))))
	}

	goTest("TestLost", TestLost)
	// Output:
	// []
	// PASS: TestLost
}

func ExampleDuplicate() {
	TestTwice := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			fmt.Println(deliver(ctx, t, 3))
		}, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Duplicate(1))))
	}

	goTest("TestTwice", TestTwice)
	// Output:
	// [0 0 1 1 2 2]
	// PASS: TestTwice
}

func ExampleReorder() {
	TestOvertaken := func(t *testing.T) {
		asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
			got := deliver(ctx, t, 100)
			fmt.Println(len(got), "in order:", slices.IsSorted(got))
		}, asynciotest.WithNetwork(asynciotest.NewNetwork(asynciotest.Reorder(0.5))))
	}

	goTest("TestOvertaken", TestOvertaken)
	// Output:
	// 100 in order: false
	// PASS: TestOvertaken
}

// The same seed is the same bad luck.
func ExampleSeed() {
	TestSame := func(t *testing.T) {
		var runs [2][]int
		for i := range runs {
			n := asynciotest.NewNetwork(asynciotest.Seed(7), asynciotest.Loss(0.5))
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				runs[i] = deliver(ctx, t, 100)
			}, asynciotest.WithNetwork(n))
		}
		fmt.Println(len(runs[0]) < 100, slices.Equal(runs[0], runs[1]))
	}

	goTest("TestSame", TestSame)
	// Output:
	// true true
	// PASS: TestSame
}
