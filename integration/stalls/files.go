package stalls

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/creack/pty"
	"github.com/edsrzf/mmap-go"
	"github.com/fsnotify/fsnotify"
	"github.com/gofrs/flock"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

var files = []program{
	{name: "flock", class: "syscall", call: "flock.(*Flock).Lock", advice: "asyncio.ToThread", run: flockLocks},
	{name: "flock-retry", class: "channel", call: "flock.(*Flock).TryLockContext", advice: "asyncio.ToThread", run: flockRetries},
	{name: "fsnotify", class: "channel", call: "-", advice: "asyncio.Recv", run: fsnotifyReceives},
	{name: "fifo", class: "syscall", call: "os.OpenFile", advice: "asyncio.ToThread", run: fifoOpens},
	{name: "pty", class: "io,syscall", call: "os.(*File).Read", advice: "asyncio.ToThread", run: ptyReads},
	{name: "exec-output", class: "syscall,io", call: "os/exec.(*Cmd).Output", advice: "aioexec", run: execRuns},
	{name: "mmap", class: "cpu,io", call: "-", advice: "asyncio.ToThread", run: mmapCounts},
	{name: "zap", class: "io", call: "zap.(*", advice: "asyncio.ToThread", run: zapLogs},
	{name: "zerolog", class: "io", call: "zerolog.(*Event).Msg", advice: "asyncio.ToThread", run: zerologLogs},
	{name: "logrus", class: "syscall", call: "logrus.(*Logger).Info", advice: "asyncio.ToThread", run: logrusLogs},
}

func flockLocks(ctx context.Context) error {
	path := temporary("lock")
	other := flock.New(path)
	must(other.Lock())
	time.AfterFunc(lasts, func() { other.Unlock() })
	must(settle(ctx))
	once(func() { must(flock.New(path).Lock()) }) // guilty: flock
	return nil
}

func flockRetries(ctx context.Context) error {
	path := temporary("lock")
	other := flock.New(path)
	must(other.Lock())
	time.AfterFunc(lasts, func() { other.Unlock() })
	must(settle(ctx))
	once(func() { got(flock.New(path).TryLockContext(ctx, 5*time.Millisecond)) }) // guilty: flock-retry
	return nil
}

func fsnotifyReceives(ctx context.Context) error {
	path := temporary("config")
	watcher := got(fsnotify.NewWatcher())
	must(watcher.Add(path[:len(path)-len("/config")]))
	time.AfterFunc(lasts, func() { os.WriteFile(path, nil, 0o600) })
	must(settle(ctx))
	begin()
	<-watcher.Events // guilty: fsnotify
	end()
	return nil
}

func fifoOpens(ctx context.Context) error {
	path := temporary("fifo")
	must(syscall.Mkfifo(path, 0o600))
	time.AfterFunc(lasts, func() { os.OpenFile(path, os.O_WRONLY, 0) })
	must(settle(ctx))
	once(func() { got(os.OpenFile(path, os.O_RDONLY, 0)) }) // guilty: fifo
	return nil
}

func ptyReads(ctx context.Context) error {
	terminal := got(pty.Start(exec.Command("sleep", "0.5")))
	must(settle(ctx))
	once(func() { terminal.Read(make([]byte, 100)) }) // guilty: pty
	return nil
}

func execRuns(ctx context.Context) error {
	must(settle(ctx))
	once(func() { got(exec.Command("sleep", "0.5").Output()) }) // guilty: exec-output
	return nil
}

func mmapCounts(ctx context.Context) error {
	f := got(os.Create(temporary("pages")))
	must(f.Truncate(64 << 20))
	pages := got(mmap.Map(f, mmap.RDWR, 0))
	must(settle(ctx))
	again(func() {
		for i := range pages {
			pages[i]++ // guilty: mmap
		}
	})
	return nil
}

func zapLogs(ctx context.Context) error {
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.Lock(fullPipe()), zap.InfoLevel)
	log := zap.New(core).Sugar()
	must(settle(ctx))
	once(func() { log.Infow("sent", "order", 7) }) // guilty: zap
	return nil
}

func zerologLogs(ctx context.Context) error {
	log := zerolog.New(fullPipe())
	must(settle(ctx))
	once(func() { log.Info().Int("order", 7).Msg("sent") }) // guilty: zerolog
	return nil
}

func logrusLogs(ctx context.Context) error {
	log := logrus.New()
	log.SetOutput(fullPipe()) // calls Fd, after which writes block
	must(settle(ctx))
	once(func() { log.Info("sent") }) // guilty: logrus
	return nil
}
