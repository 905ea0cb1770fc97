//go:build linux

package aioexec_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aioexec"
)

// Two commands run at the same time.
func Example() {
	say := func(ctx context.Context, text string) (string, error) {
		out, err := aioexec.Output(ctx, exec.Command("echo", text))
		return string(out), err
	}
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		words, err := asyncio.Gather(ctx, asyncio.Coro(say, "one"), asyncio.Coro(say, "two"))
		fmt.Printf("%q\n", words)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: ["one\n" "two\n"]
}

func ExampleOutput() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		out, err := aioexec.Output(ctx, exec.Command("echo", "hello"))
		fmt.Printf("%q %v\n", out, err)
		_, err = aioexec.Output(ctx, exec.Command("false"))
		fmt.Println(err)
		return nil
	})
	// Output:
	// "hello\n" <nil>
	// exit status 1
}

// A dialogue with a process, line by line.
func ExampleStart() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cmd := exec.Command("cat")
		cmd.Stdin, cmd.Stdout = aioexec.Pipe, aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		defer p.Close()
		answers := bufio.NewScanner(p.Stdout)
		for _, word := range []string{"one", "two"} {
			fmt.Fprintln(p.Stdin, word)
			answers.Scan()
			fmt.Println("it answers:", answers.Text())
		}
		p.Stdin.Close()
		return p.Wait(ctx)
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// it answers: one
	// it answers: two
}

func ExampleProcess_Communicate() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cmd := exec.Command("sort")
		cmd.Stdin, cmd.Stdout = aioexec.Pipe, aioexec.Pipe
		cmd.Stderr = aioexec.Stdout // both in one stream
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		out, _, err := p.Communicate(ctx, []byte("pear\napple\n"), aioexec.Limits{})
		fmt.Printf("%s", out)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// apple
	// pear
}

// A process that exceeds the limit is killed.
func ExampleLimits() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		cmd := exec.Command("yes")
		cmd.Stdout = aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		out, _, err := p.Communicate(ctx, nil, aioexec.Limits{Stdout: 6})
		fmt.Printf("%q\n%v\n", out, err)
		return nil
	})
	// Output:
	// "y\ny\ny\n"
	// aioexec: the process wrote more than 6 bytes to stdout, and was killed
}

func ExampleLimitError() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		_, err := aioexec.Output(ctx, exec.Command("yes"))
		if limitErr := (*aioexec.LimitError)(nil); errors.As(err, &limitErr) {
			fmt.Println(limitErr.Stream, limitErr.Limit == aioexec.DefaultLimit)
		}
		return nil
	})
	// Output: stdout true
}

func ExampleLimitError_Error() {
	err := error(&aioexec.LimitError{Stream: "stderr", Limit: 1000})
	fmt.Println(err)
	// Output: aioexec: the process wrote more than 1000 bytes to stderr, and was killed
}

// A cancelled process has a minute to end after SIGTERM.
func ExampleInterrupt() {
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		limited, cancel := asyncio.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, err := aioexec.Output(limited, exec.Command("sleep", "3600"), aioexec.Interrupt(syscall.SIGTERM, time.Minute))
		fmt.Println(err)
		return nil
	})
	// Output: context deadline exceeded
}

func ExampleOption() {
	options := []aioexec.Option{aioexec.Interrupt(os.Interrupt, 5*time.Second)}
	asyncio.Run(context.Background(), func(ctx context.Context) error {
		out, err := aioexec.Output(ctx, exec.Command("echo", "as", "configured"), options...)
		fmt.Printf("%s", out)
		return err
	})
	// Output: as configured
}

// onExample starts a command for an example of one method.
func onExample(name string, body func(ctx context.Context, p *aioexec.Process) error) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		p, err := aioexec.Start(ctx, exec.Command(name, "3600"))
		if err != nil {
			return err
		}
		defer p.Close()
		return body(ctx, p)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A group waits for its processes, as for its tasks.
func ExampleProcess() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		var p *aioexec.Process
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) (err error) {
			p, err = aioexec.Start(ctx, exec.Command("echo", "hello"))
			return err
		})
		fmt.Println(p.State())
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: exit status 0
}

func ExampleProcess_Wait() {
	onExample("sleep", func(ctx context.Context, p *aioexec.Process) error {
		limited, cancel := asyncio.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		fmt.Println(p.Wait(limited)) // kills the process
		fmt.Println(p.Wait(ctx))
		return nil
	})
	// Output:
	// context deadline exceeded
	// signal: killed
}

// A task waits for a limited time, and does not kill the process.
func ExampleProcess_Done() {
	onExample("sleep", func(ctx context.Context, p *aioexec.Process) error {
		limited, cancel := asyncio.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, _, err := asyncio.Recv(limited, p.Done())
		fmt.Println(err, p.State() == nil)
		return nil
	})
	// Output: context deadline exceeded true
}

func ExampleProcess_Pid() {
	onExample("sleep", func(_ context.Context, p *aioexec.Process) error {
		fmt.Println(syscall.Kill(p.Pid(), 0)) // nil: the process exists
		return nil
	})
	// Output: <nil>
}

func ExampleProcess_State() {
	onExample("false", func(ctx context.Context, p *aioexec.Process) error {
		p.Wait(ctx)
		fmt.Println(p.State(), p.State().Success())
		return nil
	})
	// Output: exit status 1 false
}

func ExampleProcess_ExitCode() {
	onExample("false", func(ctx context.Context, p *aioexec.Process) error {
		p.Wait(ctx)
		fmt.Println(p.ExitCode())
		return nil
	})
	// Output: 1
}

func ExampleProcess_Signal() {
	onExample("sleep", func(ctx context.Context, p *aioexec.Process) error {
		p.Signal(syscall.SIGTERM)
		fmt.Println(p.Wait(ctx))
		fmt.Println(p.Signal(syscall.SIGTERM))
		return nil
	})
	// Output:
	// signal: terminated
	// os: process already finished
}

func ExampleProcess_Kill() {
	onExample("sleep", func(ctx context.Context, p *aioexec.Process) error {
		p.Kill()
		fmt.Println(p.Wait(ctx))
		return nil
	})
	// Output: signal: killed
}

func ExampleProcess_Close() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		cmd := exec.Command("yes")
		cmd.Stdout = aioexec.Pipe
		p, err := aioexec.Start(ctx, cmd)
		if err != nil {
			return err
		}
		defer p.Close() // kills it, and closes the pipe
		first, err := bufio.NewReader(p.Stdout).ReadString('\n')
		fmt.Printf("%q\n", first)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: "y\n"
}
