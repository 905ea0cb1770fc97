//go:build linux

package aioexec_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aioexec"
)

// atTerminal are programs that run with a controlling terminal. init sets the variable, because an
// initializer would refer to itself through child.
var atTerminal []func(ctx context.Context) error

func terminalPrograms() []func(ctx context.Context) error {
	return []func(ctx context.Context) error{
		0: func(ctx context.Context) error { // all streams are the terminal
			cmd := child("reads 0")
			cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
			p, err := aioexec.Start(ctx, cmd)
			if err != nil {
				return err
			}
			return p.Wait(ctx)
		},
		1: func(ctx context.Context) error { // only the input is the terminal
			cmd := child("reads 0")
			cmd.Stdin = os.Stdin
			out, err := aioexec.Output(ctx, cmd)
			fmt.Print(string(out))
			return err
		},
		2: func(ctx context.Context) error { // only the output is the terminal: the process opens it, as a pager does
			cmd := child("reads 1")
			cmd.Stdout = os.Stdout
			p, err := aioexec.Start(ctx, cmd)
			if err != nil {
				return err
			}
			return p.Wait(ctx)
		},
		3: func(ctx context.Context) error { // two processes at once
			_, err := asyncio.Gather(ctx, asyncio.Coro0(readTwo), asyncio.Coro0(readTwo))
			return err
		},
		4: func(ctx context.Context) error { // a cancellation signals the process, but not this program
			cmd := child("ignore-signals")
			cmd.Stdin, cmd.Stdout = os.Stdin, aioexec.Pipe
			p, err := aioexec.Start(ctx, cmd, aioexec.Interrupt(os.Interrupt, time.Millisecond))
			if err != nil {
				return err
			}
			defer p.Close()
			if _, err := bufio.NewReader(p.Stdout).ReadString('\n'); err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			p.Wait(ctx)
			fmt.Println("got hello; state:", p.State())
			return nil
		},
		5: func(ctx context.Context) error { // another terminal: the process leads a group
			master, other, err := openTerminal()
			if err != nil {
				return err
			}
			defer master.Close()
			defer other.Close()
			cmd := child("mute")
			cmd.Stdin = other
			p, err := aioexec.Start(ctx, cmd)
			if err != nil {
				return err
			}
			defer p.Close()
			if group, err := syscall.Getpgid(p.Pid()); group != p.Pid() || err != nil {
				return fmt.Errorf("process %d is in group %d, %v", p.Pid(), group, err)
			}
			fmt.Println("got hello")
			return nil
		},
	}
}

func readTwo(ctx context.Context) (struct{}, error) { return struct{}{}, atTerminal[0](ctx) }

func init() {
	atTerminal = terminalPrograms()
	children["terminal"] = func(n int) {
		if err := asyncio.Run(context.Background(), atTerminal[n]); err != nil {
			fmt.Println("error:", err)
		}
	}
	children["reads"] = func(n int) {
		in := os.Stdin
		if n == 1 {
			in, _ = os.OpenFile("/dev/tty", os.O_RDWR, 0)
		}
		line, err := bufio.NewReader(in).ReadString('\n')
		fmt.Println("got", strings.TrimSpace(line), err)
	}
}

// openTerminal opens a pseudo-terminal.
func openTerminal() (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	raw, err := master.SyscallConn()
	readPid := 0
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
			readPid, _ = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprint("/dev/pts/", readPid), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		master.Close()
	}
	return master, slave, err
}

// TestTerminal: a process may read the terminal of this program.
func TestTerminal(t *testing.T) {
	for n := range atTerminal {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			checkLeaks(t)
			master, slave, err := openTerminal()
			if err != nil {
				if os.Getenv("CI") != "" {
					t.Fatal("no pseudo-terminals: ", err)
				}
				t.Skip("no pseudo-terminals: ", err)
			}
			defer master.Close()
			cmd := child("terminal %d", n)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			slave.Close()
			fmt.Fprint(master, "hello\nhello\n")
			master.SetReadDeadline(time.Now().Add(testTimeout))
			var text strings.Builder
			lines := bufio.NewScanner(master)
			for lines.Scan() { // until EOF
				fmt.Fprintln(&text, lines.Text())
			}
			if got := strings.Count(text.String(), "got hello"); got != map[bool]int{true: 2, false: 1}[n == 3] {
				t.Errorf("the terminal shows\n%s", &text)
			}
			cmd.Process.Kill()
			if err := cmd.Wait(); err != nil {
				t.Errorf("the program ended with %v; the terminal shows\n%s", err, &text)
			}
		})
	}
}
