package stalls

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/smtp"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/golang/snappy"
	"github.com/tidwall/buntdb"
	"github.com/ulikunitz/xz"
	"golang.org/x/crypto/pbkdf2"
	"golang.org/x/crypto/sha3"
)

var callbacks = []program{
	{name: "call-later", by: "callback .(*account).expire", class: "cpu", call: "pbkdf2.Key", advice: "asyncio.Go", run: laterDerives},
	{name: "call-soon", by: "callback .compact", class: "cpu", call: "snappy.Encode", advice: "asyncio.Go", run: soonCompacts},
	{name: "on-done", by: "callback .(*ledger).book", class: "lock", call: "buntdb.(*DB).Update", advice: "asyncio.Go", run: onDoneUpdates},
	{name: "data-received", by: "callback .(*upload).DataReceived", class: "cpu", call: "io.Copy", advice: "asyncio.Go", run: protocolUnpacks},
	{name: "error-handler", by: "callback .alert", class: "io", call: "net/smtp.Dial", advice: "asyncio.Go", run: taskFails,
		opts: []asyncio.Option{asyncio.WithErrorHandler(alert)}},
}

// blocked waits, on the loop, until the callback has returned.
func blocked(ctx context.Context) error {
	for block.end.IsZero() {
		if err := asyncio.Sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

type account struct{ secret []byte }

func (a *account) expire() {
	again(func() { pbkdf2.Key(a.secret, []byte("salt"), 2000, 32, sha3.New256) }) // guilty: call-later
}

func laterDerives(ctx context.Context) error {
	a := &account{[]byte("secret")}
	asyncio.LoopOf(ctx).CallLater(10*time.Millisecond, a.expire)
	return blocked(ctx)
}

var archive = text(8 << 20)

func compact() {
	out := make([]byte, snappy.MaxEncodedLen(len(archive)))
	again(func() { snappy.Encode(out, archive) }) // guilty: call-soon
}

func soonCompacts(ctx context.Context) error {
	asyncio.LoopOf(ctx).CallSoon(compact)
	return blocked(ctx)
}

type ledger struct{ db *buntdb.DB }

func (l *ledger) book() {
	once(func() {
		must(l.db.Update(func(*buntdb.Tx) error { return nil })) // guilty: on-done
	})
}

func onDoneUpdates(ctx context.Context) error {
	l := &ledger{got(buntdb.Open(":memory:"))}
	tx := got(l.db.Begin(true))
	payment := asyncio.Go(ctx, settle)
	payment.OnDone(l.book)
	time.AfterFunc(lasts, func() { tx.Rollback() })
	return blocked(ctx)
}

// An upload is unpacked as it comes.
type upload struct{ aionet.BaseProtocol }

func (*upload) DataReceived(packed []byte) {
	again(func() {
		r := got(xz.NewReader(bytes.NewReader(packed)))
		got(io.Copy(io.Discard, r)) // guilty: data-received
	})
}

func protocolUnpacks(ctx context.Context) error {
	var packed bytes.Buffer
	w := got(xz.NewWriter(&packed))
	got(w.Write(bytes.Repeat([]byte("order "), 1<<20)))
	must(w.Close())
	l := got(aionet.Listen(ctx, "tcp", "127.0.0.1:0"))
	server := asyncio.Go(ctx, func(ctx context.Context) error {
		return l.ServeProtocol(ctx, func() aionet.Protocol { return new(upload) })
	})
	defer server.Cancel(nil)
	client := got(net.Dial("tcp", l.Addr().String()))
	go client.Write(packed.Bytes())
	return blocked(ctx)
}

// alert is the error handler: it reports an error by mail.
func alert(asyncio.Unhandled) {
	address := silent("")
	once(func() { smtp.Dial(address) }) // guilty: error-handler
}

func taskFails(ctx context.Context) error {
	asyncio.Go(ctx, func(context.Context) error { return errors.New("refused") })
	for block.end.IsZero() {
		runtime.GC() // the error is unhandled once the task is garbage
		must(settle(ctx))
	}
	return nil
}
