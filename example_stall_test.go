package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// unlogged is a logger for examples whose messages are looked at in the handler.
var unlogged = asyncio.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil)))

// A coroutine that receives from a channel by <- stops its loop. The watch says so
// while it is stopped, and here that is what ends it.
func ExampleWithStallHandler() {
	answers := make(chan string, 1)
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		fmt.Println("received:", <-answers)
		return nil
	}, unlogged, asyncio.WithStallThreshold(50*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if !s.Ended && s.Class == asyncio.StallChannel {
			fmt.Println(s.TaskName, "is blocked:", s.Class)
			fmt.Println(s.Advice)
			answers <- "42"
		}
	}))
	// Output:
	// main is blocked: channel
	// await the channel with asyncio.Recv(ctx, ch), or use an asyncio.Queue between tasks; for time.After call asyncio.Sleep(ctx, d)
	// received: 42
}

// With 0 there is no watch.
func ExampleWithStallThreshold() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		time.Sleep(150 * time.Millisecond)
		return nil
	}, asyncio.WithStallThreshold(0), asyncio.WithStallHandler(func(s asyncio.Stall) { fmt.Println(s) }))
	fmt.Println("nothing was reported")
	// Output: nothing was reported
}

func ExampleStall() {
	s := asyncio.Stall{TaskName: "reader", Class: asyncio.StallSyscall, File: "store.go", Line: 12, Call: "os.ReadFile", Elapsed: 200 * time.Millisecond}
	fmt.Printf("%s:%d: %s of task %q blocks the loop: %v so far\n", s.File, s.Line, s.Call, s.TaskName, s.Elapsed)
	// Output: store.go:12: os.ReadFile of task "reader" blocks the loop: 200ms so far
}

func ExampleStall_String() {
	fmt.Println(asyncio.Stall{
		ID: 7, TaskName: "checkout", Created: "main.go:7", Class: asyncio.StallSleep, File: "/src/shop/book.go", Line: 40, Func: "shop.book",
		Call: "database/sql.(*DB).ExecContext", Inside: "modernc.org/sqlite, busy.go:82",
		Elapsed: 104 * time.Millisecond, Blame: "the task sleeps, and the loop with it",
		Advice: "run that call in asyncio.ToThread(ctx, ...)", ReadyTasks: 3, LateTimers: 1,
	})
	// Output:
	// asyncio: stall 7 (sleep): task "checkout" has blocked the loop for 104 ms at shop/book.go:40 in database/sql.(*DB).ExecContext (inside modernc.org/sqlite, busy.go:82). Run that call in asyncio.ToThread(ctx, ...).
	//   why: the task sleeps, and the loop with it
	//   created at main.go:7, 3 tasks and callbacks are ready, 1 timer is late
}

// The class decides what can be done about it.
func ExampleStallClass() {
	remedy := func(c asyncio.StallClass) string {
		switch c {
		case asyncio.StallSleep, asyncio.StallIO, asyncio.StallChannel, asyncio.StallLock, asyncio.StallSpinner:
			return "await it"
		case asyncio.StallCPU, asyncio.StallSyscall, asyncio.StallCgo:
			return "move it off the loop"
		case asyncio.StallManySteps, asyncio.StallStarvedGo, asyncio.StallGC:
			return "do less at once"
		case asyncio.StallStarvedOS, asyncio.StallSuspended, asyncio.StallLateTimer, asyncio.StallUnknown:
		}
		return "look at the machine"
	}
	fmt.Println(remedy(asyncio.StallSyscall))
	// Output: move it off the loop
}

func ExampleStallClass_String() {
	fmt.Println(strings.Join([]string{asyncio.StallCPU.String(), asyncio.StallIO.String(), asyncio.StallStarvedGo.String()}, " "))
	// Output: cpu io starved-go
}

// In a test, with asynciotest.NoStalls, Run returns what the watch saw.
func ExampleStallError() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		time.Sleep(time.Second)
		return nil
	}, unlogged, asynciotest.NoStalls(30*time.Millisecond))
	var stalled *asyncio.StallError
	if errors.As(err, &stalled) {
		fmt.Println(stalled.Stall.Class, stalled.Stall.Advice)
	}
	// Output: sleep call asyncio.Sleep(ctx, d) instead of time.Sleep
}

func ExampleStallError_Error() {
	fmt.Println((&asyncio.StallError{Stall: asyncio.Stall{TaskName: "reader", Class: asyncio.StallIO, Ended: true, Elapsed: time.Second,
		Blame: "the task waits for input or output, and the loop with it", Advice: "use a connection of aionet"}}).Error())
	// Output:
	// asyncio: stall (io): task "reader" blocked the loop for 1.00 s. Use a connection of aionet.
	//   why: the task waits for input or output, and the loop with it
}

// What blocked the loop, after the fact: on a debug page, or when Run has returned.
func ExampleLoop_Stalls() {
	answers := make(chan string, 1)
	var loop *asyncio.Loop
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		loop = asyncio.LoopOf(ctx)
		<-answers
		return nil
	}, unlogged, asyncio.WithStallThreshold(50*time.Millisecond), asyncio.WithStallHandler(func(s asyncio.Stall) {
		if !s.Ended && s.Class == asyncio.StallChannel {
			answers <- "42"
		}
	}))
	for _, p := range loop.Stalls() {
		if p.Class == asyncio.StallChannel {
			fmt.Printf("%d stall of class %s, in task %q, for more than 50 ms: %v\n", p.Count, p.Class, p.TaskName, p.Total > 50*time.Millisecond)
		}
	}
	// Output:
	// 1 stall of class channel, in task "main", for more than 50 ms: true
}

// A place names the line and what to call there.
func ExampleStallPlace() {
	p := asyncio.StallPlace{Class: asyncio.StallSyscall, File: "store.go", Line: 12, Call: "os.ReadFile", Count: 40, Total: 8 * time.Second, Longest: 300 * time.Millisecond}
	fmt.Printf("%s:%d: %s blocked the loop %d times, for %v in all and %v at most\n", p.File, p.Line, p.Call, p.Count, p.Total, p.Longest)
	// Output: store.go:12: os.ReadFile blocked the loop 40 times, for 8s in all and 300ms at most
}
