package executortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/asyncio-go/asyncio"
)

// The functions that the checks call.
var (
	double            = asyncio.Register("executortest.double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	echoBytes         = asyncio.Register("executortest.bytes", echo[[]byte])
	echoString        = asyncio.Register("executortest.string", echo[string])
	echoStruct        = asyncio.Register("executortest.struct", echo[sample])
	echoNil           = asyncio.Register("executortest.pointer", echo[*sample])
	echoEmpty         = asyncio.Register("executortest.empty", echo[struct{}])
	fails             = asyncio.Register("executortest.fails", fail)
	explodes          = asyncio.Register("executortest.explodes", explode)
	callsUnregistered = asyncio.Register("executortest.callsUnregistered", callUnregistered)
	codecPanics       = asyncio.Register("executortest.codecPanics", codecPanic)
	failsToDecode     = asyncio.Register("executortest.failsToDecode", func(_ context.Context, _ failingCodec) (int, error) { return 1, nil })
	failsToEncode     = asyncio.Register("executortest.failsToEncode", func(_ context.Context, _ int) (failingCodec, error) { return failingCodec{"encode"}, nil })
	hostileErrors     = asyncio.Register("executortest.odd", func(_ context.Context, how string) (int, error) { return 1, hostileError(how) })
	element           = asyncio.Register("executortest.element", square)
	reports           = asyncio.Register("executortest.reports", report)
	holds             = asyncio.Register("executortest.holds", hold)
	deadline          = asyncio.Register("executortest.deadline", deadlineOf)
	dies              = asyncio.Register("executortest.dies", die)
)

var errSample = asyncio.RegisterError("executortest.sample", errors.New("executortest: sample error"))

func echo[T any](_ context.Context, v T) (T, error) { return v, nil }

// A sample is a struct with fields of many types.
type sample struct {
	Text   string
	Number int64
	Part   float64
	Bytes  []byte
	List   []string
	Table  map[string]int
	At     time.Time
	Inner  *sample
}

// failures are the errors that fail returns, by index. is are the targets that errors.Is finds.
var failures = []struct {
	err error
	is  []error
}{
	{errors.New("plain"), nil},
	{errSample, []error{errSample}},
	{fmt.Errorf("twice: %w", fmt.Errorf("once: %w", errSample)), []error{errSample}},
	{errors.Join(errSample, fs.ErrPermission), []error{errSample, fs.ErrPermission}},
	{&fs.PathError{Op: "open", Path: "nowhere", Err: fs.ErrNotExist}, []error{fs.ErrNotExist}},
	{fmt.Errorf("reading: %w", io.ErrUnexpectedEOF), []error{io.ErrUnexpectedEOF}},
	{fmt.Errorf("inside: %w", context.Canceled), []error{context.Canceled}},
	{context.DeadlineExceeded, []error{context.DeadlineExceeded}},
	{fmt.Errorf("inside: %w", asyncio.ErrQueueShutdown), []error{asyncio.ErrQueueShutdown}},
	{asyncio.ErrDeadlock, []error{asyncio.ErrDeadlock}},
}

func fail(_ context.Context, number int) (int, error) { return number, failures[number].err }

// The arguments of explode.
const (
	panicText  = "text"
	panicError = "error"
	panicNil   = "nil pointer"
	goexit     = "Goexit"
)

//go:noinline
func explode(_ context.Context, how string) (int, error) {
	switch how {
	case panicText:
		panic("executortest: requested panic")
	case panicError:
		panic(fmt.Errorf("requested panic: %w", errSample))
	case panicNil:
		var p *sample
		return len(p.Text), nil
	default:
		runtime.Goexit()
		return 0, nil
	}
}

// callUnregistered executes a function that is not registered.
func callUnregistered(ctx context.Context, name string) ([]byte, error) {
	return asyncio.Execute(ctx, name, nil)
}

// A failingCodec cannot be decoded, and cannot be encoded if Mode is "encode".
type failingCodec struct{ Mode string }

func (s failingCodec) GobEncode() ([]byte, error) {
	if s.Mode == "encode" {
		return nil, errors.New("executortest: does not encode")
	}
	return []byte(s.Mode), nil
}

func (*failingCodec) GobDecode([]byte) error { return errors.New("executortest: does not decode") }

// A panickingCodec panics, or calls runtime.Goexit, when it is encoded or decoded. The fields are
// arguments of explode.
type panickingCodec struct{ Encoded, Decoded string }

func (v panickingCodec) MarshalBinary() ([]byte, error) {
	if v.Encoded != "" {
		explode(context.Background(), v.Encoded)
	}
	return []byte(v.Decoded), nil
}

func (v *panickingCodec) UnmarshalBinary(b []byte) error {
	if v.Decoded = string(b); v.Decoded != "" {
		explode(context.Background(), v.Decoded)
	}
	return nil
}

// A codecPlan is an argument of codecPanics. Encoded and Decoded are the fields of the result.
type codecPlan struct {
	Arg              panickingCodec
	Encoded, Decoded string
}

func codecPanic(_ context.Context, t codecPlan) (panickingCodec, error) {
	return panickingCodec{t.Encoded, t.Decoded}, nil
}

// A hostileError wraps itself. Its method of that name calls runtime.Goexit.
type hostileError string

func (e hostileError) does(method string) {
	if string(e) == method {
		runtime.Goexit()
	}
}

func (e hostileError) Error() string {
	e.does("Error")
	return "executortest: odd error"
}

func (e hostileError) Is(error) bool {
	e.does("Is")
	return false
}

func (e hostileError) Unwrap() error {
	e.does("Unwrap")
	return e
}

// The elements for which square returns no result.
const (
	failingElement   = 13
	panickingElement = 37
)

func square(_ context.Context, n int) (int, error) {
	switch n {
	case failingElement:
		return 0, fmt.Errorf("element %d: %w", n, errSample)
	case panickingElement:
		panic(fmt.Sprintf("element %d", n))
	}
	return n * n, nil
}

// A reporting is the argument of report. If Each is set, each report has done equal to total, which is
// sent at once.
type reporting struct {
	Times int
	Each  bool
}

func report(ctx context.Context, r reporting) (int, error) {
	for i := 1; i <= r.Times; i++ {
		total := int64(r.Times + 1)
		if r.Each {
			total = int64(i)
		}
		asyncio.Progress(ctx, int64(i), total, fmt.Sprint("step ", i))
	}
	return r.Times, nil
}

// A stop is the argument of hold.
type stop struct {
	Gate, Name   string
	IgnoreCancel bool // ignores its ctx
}

// A stopped describes why hold returned.
type stopped struct {
	Name     string
	Released bool
	Err      string // the error of its ctx
	Cause    string
	IsSample bool // the cause matches errSample
	Expired  bool // the error or the cause is context.DeadlineExceeded
}

func hold(ctx context.Context, s stop) (stopped, error) {
	conn, err := net.Dial("tcp", s.Gate)
	if err != nil {
		return stopped{}, err
	}
	defer conn.Close()
	if !s.IgnoreCancel {
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
	}
	if _, err = conn.Write([]byte(s.Name + "\n")); err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if s.IgnoreCancel || ctx.Err() == nil {
		return stopped{Name: s.Name, Released: errors.Is(err, io.EOF)}, nil
	}
	cause := context.Cause(ctx)
	return stopped{
		Name: s.Name, Err: ctx.Err().Error(), Cause: cause.Error(), IsSample: errors.Is(cause, errSample),
		Expired: errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(cause, context.DeadlineExceeded),
	}, nil
}

// deadlineOf returns the deadline of its ctx, or zero.
func deadlineOf(ctx context.Context, _ struct{}) (time.Time, error) {
	at, _ := ctx.Deadline()
	return at, nil
}

// The arguments with which die ends its process. It returns other arguments.
const (
	dieByExit  = -1
	dieByPanic = -2
)

func die(_ context.Context, how int) (int, error) {
	switch how {
	case dieByExit:
		os.Exit(3)
	case dieByPanic:
		go panic("executortest: requested panic in another goroutine")
		select {}
	}
	return how, nil
}
