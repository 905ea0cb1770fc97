package aionet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// A call of many parts holds its direction from its first part to its last. Another writer
// or reader gets ErrConnBusy at once, and transfers no bytes in between.

// inPieces is a reader of left zeros. It awaits before each piece.
type inPieces struct {
	ctx  context.Context
	left int
}

func (r *inPieces) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if err := asyncio.Sleep(r.ctx, 0); err != nil {
		return 0, err
	}
	n := min(r.left, len(p), 5000)
	r.left -= n
	clear(p[:n])
	return n, nil
}

const manyParts = 2 << 20

// writesOfManyParts each write manyParts zeros to a connection.
var writesOfManyParts = map[string]func(ctx context.Context, t *testing.T, c *aionet.Conn) (int64, error){
	"ReadFrom": func(ctx context.Context, _ *testing.T, c *aionet.Conn) (int64, error) {
		return c.ReadFrom(&inPieces{ctx, manyParts})
	},
	"io.Copy": func(ctx context.Context, _ *testing.T, c *aionet.Conn) (int64, error) {
		return io.Copy(c, &inPieces{ctx, manyParts})
	},
	"io.Copy of a file": func(_ context.Context, t *testing.T, c *aionet.Conn) (int64, error) {
		return io.Copy(c, zeros(t, manyParts))
	},
	"io.CopyN of a file": func(_ context.Context, t *testing.T, c *aionet.Conn) (int64, error) {
		return io.CopyN(c, zeros(t, 2*manyParts), manyParts)
	},
	"io.Copy to a view": func(ctx context.Context, _ *testing.T, c *aionet.Conn) (int64, error) {
		return io.Copy(c.WithContext(ctx), &inPieces{ctx, manyParts})
	},
	"net.Buffers": func(_ context.Context, _ *testing.T, c *aionet.Conn) (int64, error) {
		var parts net.Buffers
		for range manyParts / 4096 {
			parts = append(parts, make([]byte, 4096))
		}
		return c.ReadFrom(&parts)
	},
	"another view": func(ctx context.Context, t *testing.T, c *aionet.Conn) (int64, error) {
		from, to := pair(ctx, t)
		feeding := asyncio.Go(ctx, func(ctx context.Context) error {
			defer to.Close()
			_, err := to.Write(make([]byte, manyParts))
			return err
		})
		n, err := io.Copy(c.WithContext(ctx), from.WithContext(ctx))
		from.Close()
		feeding.Await(ctx)
		return n, err
	},
	"another connection": func(ctx context.Context, t *testing.T, c *aionet.Conn) (int64, error) {
		from, to := pair(ctx, t)
		feeding := asyncio.Go(ctx, func(ctx context.Context) error {
			defer to.Close()
			_, err := to.Write(make([]byte, manyParts))
			return err
		})
		n, err := io.Copy(c, from)
		from.Close()
		feeding.Await(ctx)
		return n, err
	},
	"a goroutine": func(ctx context.Context, t *testing.T, c *aionet.Conn) (int64, error) {
		return asyncio.ToThread(ctx, func(context.Context) (int64, error) {
			return c.ReadFrom(struct{ io.Reader }{bytes.NewReader(make([]byte, manyParts))})
		})
	},
	"a goroutine's file": func(ctx context.Context, t *testing.T, c *aionet.Conn) (int64, error) {
		f := zeros(t, manyParts)
		return asyncio.ToThread(ctx, func(context.Context) (int64, error) { return io.Copy(c, f) })
	},
}

func TestReadFrom_HoldsTheWritingDirection(t *testing.T) {
	for name, call := range writesOfManyParts {
		t.Run(name, func(t *testing.T) {
			body := func(ctx context.Context, t *testing.T) {
				a, b := pair(ctx, t)
				a.SetWriteBuffer(64 << 10) // makes the call wait
				b.SetReadBuffer(64 << 10)
				call := asyncio.CreateTask(ctx, func(ctx context.Context) (int64, error) { return call(ctx, t, a) })
				got, first := 0, -1 // bytes that the other side has read, and the offset of the first nonzero one
				reader := asyncio.Go(ctx, func(ctx context.Context) error {
					for {
						p, err := b.Next()
						if err != nil {
							return nil
						}
						if i := bytes.IndexByte(p, 'x'); i >= 0 && first < 0 {
							first = got + i
						}
						got += len(p)
					}
				})
				for got == 0 {
					turns(ctx, t, 1)
				}
				refused := 0
				for {
					n, err := a.Write([]byte("x"))
					if err == nil {
						break
					}
					if refused++; !errors.Is(err, aionet.ErrConnBusy) || n != 0 {
						t.Fatalf("a Write in between: %d, %v; want ErrConnBusy", n, err)
					}
					turns(ctx, t, 1)
				}
				if n, err := call.Await(ctx); n != manyParts || err != nil {
					t.Errorf("the call: %d, %v; want %d", n, err, manyParts)
				}
				if refused == 0 {
					t.Error("no other Write was tried during the call")
				}
				shut(t, a)
				reader.Await(ctx)
				if got != manyParts+1 || first != manyParts {
					t.Errorf("%d bytes were received, the other Write's at offset %d; want it after the call's %d", got, first, manyParts)
				}
				shut(t, b)
			}
			t.Run("system", func(t *testing.T) { onSockets(t, body) })
			if name != "a goroutine" && name != "a goroutine's file" {
				t.Run("memory", func(t *testing.T) { asynciotest.Run(t, body) })
			}
		})
	}
}

func TestWriteTo_HoldsTheReadingDirection(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
	for name, call := range map[string]func(ctx context.Context, c *aionet.Conn, w io.Writer) (int64, error){
		"WriteTo": func(_ context.Context, c *aionet.Conn, w io.Writer) (int64, error) { return c.WriteTo(w) },
		"io.Copy": func(_ context.Context, c *aionet.Conn, w io.Writer) (int64, error) { return io.Copy(w, c) },
		"io.Copy from a view": func(ctx context.Context, c *aionet.Conn, w io.Writer) (int64, error) {
			return io.Copy(w, c.WithContext(ctx))
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEachNetwork(t, func(ctx context.Context, t *testing.T) {
				a, b := pair(ctx, t)
				var got bytes.Buffer
				call := asyncio.CreateTask(ctx, func(ctx context.Context) (int64, error) {
					return call(ctx, a, writerFunc(func(p []byte) (int, error) {
						asyncio.Sleep(ctx, 0)
						return got.Write(p)
					}))
				})
				writer := asyncio.Go(ctx, func(ctx context.Context) error {
					defer b.Close()
					_, err := b.Write(text)
					return err
				})
				for got.Len() == 0 {
					turns(ctx, t, 1)
				}
				for refused := 0; ; refused++ {
					n, err := a.Read(make([]byte, 10))
					if err == io.EOF && refused > 0 {
						break
					}
					if !errors.Is(err, aionet.ErrConnBusy) || n != 0 {
						t.Fatalf("a Read in between: %d, %v; want ErrConnBusy", n, err)
					}
					turns(ctx, t, 1)
				}
				if n, err := call.Await(ctx); n != int64(len(text)) || err != nil || !bytes.Equal(got.Bytes(), text) {
					t.Errorf("the call: %d of %d, %v", n, len(text), err)
				}
				writer.Await(ctx)
				shut(t, a)
			})
		})
	}
}

// However a call of many parts ends, the direction is free afterwards. The task of the call
// may use the direction between the parts.
func TestHoldsEnd(t *testing.T) {
	onEachNetwork(t, func(ctx context.Context, t *testing.T) {
		boom := errors.New("boom")
		for name, read := range map[string]func(ctx context.Context, c *aionet.Conn) (int, error){
			"an error": func(context.Context, *aionet.Conn) (int, error) { return 0, boom },
			"a panic":  func(context.Context, *aionet.Conn) (int, error) { panic(boom) },
			"cancellation": func(ctx context.Context, _ *aionet.Conn) (int, error) {
				return 0, asyncio.Sleep(ctx, time.Hour)
			},
			"a Write by its own task": func(_ context.Context, c *aionet.Conn) (int, error) {
				write(t, c, "nested")
				c.ReadFrom(strings.NewReader("twice"))
				return 0, io.EOF
			},
			"Close": func(_ context.Context, c *aionet.Conn) (int, error) { return 1, c.Close() },
		} {
			a, b := pair(ctx, t)
			call := asyncio.CreateTask(ctx, func(ctx context.Context) (_ int64, err error) {
				defer func() {
					if recover() != nil {
						err = boom
					}
				}()
				return a.ReadFrom(readerFunc(func([]byte) (int, error) { return read(ctx, a) }))
			})
			if name == "cancellation" {
				turns(ctx, t, 3)
				call.Cancel(nil)
			}
			call.Await(ctx)
			if _, err := a.Write([]byte("after")); name != "Close" && err != nil || name == "Close" && !errors.Is(err, net.ErrClosed) {
				t.Errorf("after %s: %v", name, err)
			}
			if want := "nestedtwiceafter"; name == "a Write by its own task" {
				wantRead(t, b, want)
			}
			a.Close()
			shut(t, b)
		}
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// zeros returns a sparse file of size zeros.
func zeros(t *testing.T, size int64) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "zeros"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	return f
}
