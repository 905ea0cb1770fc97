package aionet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

func ExampleConn() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		reader := asyncio.Go(ctx, func(context.Context) error {
			lines := bufio.NewScanner(b) // any library for a net.Conn
			for lines.Scan() {
				fmt.Println("got", lines.Text())
			}
			return lines.Err()
		})
		fmt.Fprintln(a, "one")
		fmt.Fprintln(a, "two")
		a.Close()
		_, err := reader.Await(ctx)
		return errors.Join(err, b.Close())
	})
	// Output:
	// got one
	// got two
}

func ExampleConn_Read() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		asyncio.Go(ctx, func(ctx context.Context) error {
			asyncio.Sleep(ctx, time.Millisecond)
			_, err := a.Write([]byte("hello"))
			return err
		})
		buf := make([]byte, 100)
		n, err := b.Read(buf) // the task waits; others run
		fmt.Println(string(buf[:n]))
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: hello
}

func ExampleConn_Write() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		n, err := a.Write([]byte("hello"))
		fmt.Println(n)
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: 5
}

// Close wakes a waiting Read. It may be called from any goroutine.
func ExampleConn_Close() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		asyncio.LoopOf(ctx).CallLater(time.Millisecond, func() { a.Close() })
		_, err := a.Read(make([]byte, 1))
		fmt.Println(errors.Is(err, net.ErrClosed))
		return b.Close()
	})
	// Output: true
}

func ExampleConn_CloseWrite() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Fprint(a, "all I have to say")
		a.CloseWrite()
		said, err := io.ReadAll(b)
		fmt.Fprint(b, len(said))
		b.Close()
		answer, _ := io.ReadAll(a)
		fmt.Println(string(answer))
		return errors.Join(err, a.Close())
	})
	// Output: 17
}

func ExampleConn_CloseRead() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		a.CloseRead()
		_, err := a.Read(make([]byte, 1))
		fmt.Println(err)
		return errors.Join(a.Close(), b.Close())
	})
	// Output: EOF
}

func ExampleConn_LocalAddr() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.LocalAddr().String() == b.RemoteAddr().String())
		return errors.Join(a.Close(), b.Close())
	})
	// Output: true
}

func ExampleConn_RemoteAddr() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Println(a.RemoteAddr().(*net.TCPAddr).IP)
		return errors.Join(a.Close(), b.Close())
	})
	// Output: 127.0.0.1
}

// Next needs no buffer while it waits, so a thousand idle connections have none.
func ExampleConn_Next() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Fprint(a, "hello")
		a.CloseWrite()
		for {
			p, err := b.Next()
			if err == io.EOF {
				return errors.Join(a.Close(), b.Close())
			}
			if err != nil {
				return err
			}
			fmt.Println(string(p)) // p is valid until the next call
		}
	})
	// Output: hello
}

func ExampleConn_Release() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Fprint(a, "hello")
		p, err := b.Next()
		greeting := string(p)
		b.Release() // the loop has its buffer back while this task does other things
		fmt.Println(greeting)
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: hello
}

// io.Copy from a file calls sendfile.
func ExampleConn_ReadFrom() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		file, err := os.CreateTemp("", "example")
		if err != nil {
			return err
		}
		defer os.Remove(file.Name())
		defer file.Close()
		file.WriteString("from a file")
		file.Seek(0, io.SeekStart)

		n, err := io.Copy(a, file)
		fmt.Println(n, err)
		a.Close()
		text, err := io.ReadAll(b)
		fmt.Println(string(text))
		return errors.Join(err, b.Close())
	})
	// Output:
	// 11 <nil>
	// from a file
}

func ExampleConn_WriteTo() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		fmt.Fprint(a, "hello")
		a.Close()
		var text strings.Builder
		n, err := io.Copy(&text, b)
		fmt.Println(n, text.String())
		return errors.Join(err, b.Close())
	})
	// Output: 5 hello
}

func ExampleConn_SetDeadline() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		a.SetDeadline(time.Now().Add(time.Millisecond))
		_, err := a.Read(make([]byte, 1))
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		a.SetDeadline(time.Time{}) // no deadline
		_, err = a.Write([]byte("x"))
		return errors.Join(err, a.Close(), b.Close())
	})
	// Output: true
}

func ExampleConn_SetReadDeadline() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		a.SetReadDeadline(time.Now())
		_, err := a.Read(make([]byte, 1))
		var netErr net.Error
		fmt.Println(errors.As(err, &netErr) && netErr.Timeout())
		return errors.Join(a.Close(), b.Close())
	})
	// Output: true
}

func ExampleConn_SetWriteDeadline() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		a.SetWriteDeadline(time.Now().Add(time.Millisecond))
		_, err := a.Write(make([]byte, 100<<20)) // the peer does not read
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: true
}

// A time-out for one response.
func ExampleConn_WithContext() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		short, cancel := asyncio.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		_, err := a.WithContext(short).Read(make([]byte, 1))
		fmt.Println(err)
		return errors.Join(a.Close(), b.Close())
	})
	// Output: context deadline exceeded
}

// One task reads and one writes. A second reader gets ErrConnBusy.
func ExampleConn_Read_busy() {
	run(func(ctx context.Context) error {
		a, b := connected(ctx)
		asyncio.Go(ctx, func(context.Context) error {
			a.Read(make([]byte, 1))
			return nil
		})
		asyncio.Sleep(ctx, time.Millisecond)
		_, err := a.Read(make([]byte, 1))
		fmt.Println(errors.Is(err, aionet.ErrConnBusy))
		return errors.Join(a.Close(), b.Close())
	})
	// Output: true
}
