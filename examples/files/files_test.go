package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

func TestTheProgram(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-mb", "3"}, &stdout, &stderr); status != 0 {
		t.Fatalf("exit status %d\n%s", status, &stderr)
	}
	want := regexp.MustCompile(`^wrote 3 MB in \d+\.\d\d s, checksum ([0-9a-f]{8})
read 3 MB in \d+\.\d\d s, checksum ([0-9a-f]{8})
meanwhile the heart beat \d+ times, at worst \d+\.\d ms late
$`)
	sums := want.FindStringSubmatch(stdout.String())
	if sums == nil || sums[1] != sums[2] {
		t.Errorf("it printed:\n%s", &stdout)
	}
}

func TestACommandLineThatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		args  []string
		names []string // the value, and what was expected
	}{
		{[]string{"-mb", "0"}, []string{"-mb is 0", "from 1"}},
		{[]string{"-mb", "-5"}, []string{"-mb is -5", "from 1"}},
		{[]string{"-mb", "many"}, []string{`"many"`, "-mb int"}},
		{[]string{"-mb", "1", "large"}, []string{`"large"`, "flags only"}},
		{[]string{"-size", "1"}, []string{"-size", "-mb int"}},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(c.args, &stdout, &stderr); status != 2 || stdout.Len() > 0 {
			t.Errorf("%q: exit status %d, want 2; it printed %q", c.args, status, &stdout)
		}
		for _, name := range c.names {
			if !strings.Contains(stderr.String(), name) {
				t.Errorf("%q: stderr does not say %q:\n%s", c.args, name, &stderr)
			}
		}
	}
	var stdout, stderr bytes.Buffer
	if status := run([]string{"-h"}, &stdout, &stderr); status != 0 || !strings.Contains(stderr.String(), "-mb int") {
		t.Errorf("-h: exit status %d, stderr %q; want 0 and the flags", status, &stderr)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		name := filepath.Join(t.TempDir(), "file")
		written, err := create(ctx, name, func(ctx context.Context, w io.Writer) (uint32, error) { return megabytes(ctx, w, 3) })
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Size() != 3*chunk {
			t.Errorf("the file: %v, %v; want %d bytes", info, err, 3*chunk)
		}
		if read, err := read(ctx, name); read != written || err != nil {
			t.Errorf("read gives %08x, %v; create gave %08x", read, err, written)
		}
	})
}

// waitingReader does not return from Read until it is let go, like a slow disk.
type waitingReader struct {
	io.Reader
	letGo <-chan struct{}
}

func (r waitingReader) Read(p []byte) (int, error) {
	<-r.letGo
	return r.Reader.Read(p)
}

// The disk answers when the heart has beaten three times; if a read blocked the
// loop, neither would ever happen.
func TestTheHeartbeatGoesOnDuringARead(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		h := heartbeat{every: time.Second}
		beating := asyncio.Go(ctx, h.beat)
		defer func() {
			beating.Cancel(nil)
			beating.Await(ctx)
		}()
		ready := make(chan struct{})
		asyncio.LoopOf(ctx).CallLater(3500*time.Millisecond, func() { close(ready) })

		_, err := asyncio.ToThread(ctx, func(ctx context.Context) (uint32, error) {
			return digest(ctx, waitingReader{bytes.NewReader(make([]byte, 10)), ready})
		})
		if err != nil {
			t.Error(err)
		}
		if h.beats != 3 || h.worst != 0 {
			t.Errorf("%d beats, at worst %v late; want 3, none late", h.beats, h.worst)
		}
	})
}

// writerFunc is called for each chunk.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestACancelledWriteEndsAfterTheChunk(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		chunks := 0
		var writing *asyncio.Task[uint32]
		writing = asyncio.CreateTask(ctx, func(ctx context.Context) (uint32, error) {
			return asyncio.ToThread(ctx, func(ctx context.Context) (uint32, error) {
				return megabytes(ctx, writerFunc(func(p []byte) (int, error) {
					if chunks++; chunks == 2 {
						writing.Cancel(nil) // from the thread: Cancel may be called from anywhere
					}
					return len(p), nil
				}), 1000)
			})
		})
		if _, err := writing.Await(ctx); !errors.Is(err, asyncio.ErrTaskCancelled) {
			t.Errorf("error %v, want one that matches ErrTaskCancelled", err)
		}
		if chunks != 2 {
			t.Errorf("%d chunks were written, want 2", chunks)
		}
	})
}

func TestWhatFailsLeavesNoFile(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		name := filepath.Join(t.TempDir(), "file")
		full := errors.New("disk full")
		_, err := create(ctx, name, func(_ context.Context, w io.Writer) (uint32, error) {
			if _, err := os.Stat(name); err != nil {
				t.Errorf("while it is written: %v", err)
			}
			return 0, full
		})
		if !errors.Is(err, full) {
			t.Errorf("error %v, want %v", err, full)
		}
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after it failed: %v, want no file", err)
		}
	})
}

func TestErrorsOfTheDiskAreReturned(t *testing.T) {
	broken := errors.New("bad sector")
	if _, err := digest(t.Context(), iotest.ErrReader(broken)); err != broken {
		t.Errorf("digest: %v", err)
	}
	full := writerFunc(func([]byte) (int, error) { return 0, broken })
	if _, err := megabytes(t.Context(), full, 1); err != broken {
		t.Errorf("megabytes: %v", err)
	}
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		if _, err := read(ctx, filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("read of a file that does not exist: %v", err)
		}
	})
}
