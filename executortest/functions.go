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
	double     = asyncio.Register("executortest.double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	echoBytes  = asyncio.Register("executortest.bytes", echo[[]byte])
	echoString = asyncio.Register("executortest.string", echo[string])
	echoStruct = asyncio.Register("executortest.struct", echo[sample])
	echoNil    = asyncio.Register("executortest.pointer", echo[*sample])
	echoEmpty  = asyncio.Register("executortest.empty", echo[struct{}])
	fails      = asyncio.Register("executortest.fails", fail)
	explodes   = asyncio.Register("executortest.explodes", explode)
	unknown    = asyncio.Register("executortest.unknown", callUnknown)
	touches    = asyncio.Register("executortest.touches", touch)
	undecoded  = asyncio.Register("executortest.undecoded", func(_ context.Context, _ stubborn) (int, error) { return 1, nil })
	unencoded  = asyncio.Register("executortest.unencoded", func(_ context.Context, _ int) (stubborn, error) { return stubborn{"stay"}, nil })
	oddErrors  = asyncio.Register("executortest.odd", func(_ context.Context, how string) (int, error) { return 1, oddError(how) })
	element    = asyncio.Register("executortest.element", square)
	reports    = asyncio.Register("executortest.reports", report)
	holds      = asyncio.Register("executortest.holds", hold)
	deadline   = asyncio.Register("executortest.deadline", deadlineOf)
	dies       = asyncio.Register("executortest.dies", die)
)

var errSample = asyncio.RegisterError("executortest.sample", errors.New("executortest: sample error"))

func echo[T any](_ context.Context, v T) (T, error) { return v, nil }

// sample is a struct of all kinds that travel.
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

// failures are the errors that fail returns, by number.
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

// The ways in which explode does not return.
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
		panic("executortest: as asked for")
	case panicError:
		panic(fmt.Errorf("as asked for: %w", errSample))
	case panicNil:
		var p *sample
		return len(p.Text), nil
	default:
		runtime.Goexit()
		return 0, nil
	}
}

// callUnknown asks the process that it runs in for a function that nobody knows.
func callUnknown(ctx context.Context, name string) ([]byte, error) {
	return asyncio.Execute(ctx, name, nil)
}

// stubborn does not decode, and does not even encode if it is to stay.
type stubborn struct{ Wish string }

func (s stubborn) GobEncode() ([]byte, error) {
	if s.Wish == "stay" {
		return nil, errors.New("executortest: does not encode")
	}
	return []byte(s.Wish), nil
}

func (*stubborn) GobDecode([]byte) error { return errors.New("executortest: does not decode") }

// touchy panics, or ends its goroutine, when it is encoded or decoded.
type touchy struct{ Encoded, Decoded string }

func (v touchy) MarshalBinary() ([]byte, error) {
	if v.Encoded != "" {
		explode(context.Background(), v.Encoded)
	}
	return []byte(v.Decoded), nil
}

func (v *touchy) UnmarshalBinary(b []byte) error {
	if v.Decoded = string(b); v.Decoded != "" {
		explode(context.Background(), v.Decoded)
	}
	return nil
}

// A touching is an argument of touches, and says what its result is.
type touching struct {
	Arg              touchy
	Encoded, Decoded string
}

func touch(_ context.Context, t touching) (touchy, error) { return touchy{t.Encoded, t.Decoded}, nil }

// oddError is an error whose method Error, Is or Unwrap ends its goroutine, or that wraps
// itself.
type oddError string

func (e oddError) does(method string) {
	if string(e) == method {
		runtime.Goexit()
	}
}

func (e oddError) Error() string {
	e.does("Error")
	return "executortest: odd error"
}

func (e oddError) Is(error) bool {
	e.does("Is")
	return false
}

func (e oddError) Unwrap() error {
	e.does("Unwrap")
	return e
}

// The elements that square does not like.
const (
	badElement   = 13
	worseElement = 37
)

func square(_ context.Context, n int) (int, error) {
	switch n {
	case badElement:
		return 0, fmt.Errorf("element %d: %w", n, errSample)
	case worseElement:
		panic(fmt.Sprintf("element %d", n))
	}
	return n * n, nil
}

// reporting tells report how many times, and whether each is of the kind that is
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

// stop is what a function does at a gate.
type stop struct {
	Gate, Name string
	Deaf       bool // does not watch its ctx
}

// stopped is how its time there ended.
type stopped struct {
	Name     string
	Released bool
	Err      string // of its ctx
	Cause    string
	IsSample bool // the cause matches errSample
	Expired  bool // the error or the cause is that of a deadline
}

func hold(ctx context.Context, s stop) (stopped, error) {
	conn, err := net.Dial("tcp", s.Gate)
	if err != nil {
		return stopped{}, err
	}
	defer conn.Close()
	if !s.Deaf {
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		defer stop()
	}
	if _, err = conn.Write([]byte(s.Name + "\n")); err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if s.Deaf || ctx.Err() == nil {
		return stopped{Name: s.Name, Released: errors.Is(err, io.EOF)}, nil
	}
	cause := context.Cause(ctx)
	return stopped{
		Name: s.Name, Err: ctx.Err().Error(), Cause: cause.Error(), IsSample: errors.Is(cause, errSample),
		Expired: errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(cause, context.DeadlineExceeded),
	}, nil
}

// deadlineOf returns the deadline of its ctx, and zero for none.
func deadlineOf(ctx context.Context, _ struct{}) (time.Time, error) {
	at, _ := ctx.Deadline()
	return at, nil
}

// The ways in which die ends its process. Other arguments are returned.
const (
	dieByExit  = -1
	dieByPanic = -2
)

func die(_ context.Context, how int) (int, error) {
	switch how {
	case dieByExit:
		os.Exit(3)
	case dieByPanic:
		go panic("executortest: as asked for, in a goroutine that the function started")
		select {}
	}
	return how, nil
}
