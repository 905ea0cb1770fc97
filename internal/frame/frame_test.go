package frame

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
)

func frames() []Frame {
	return []Frame{
		{Kind: Hello, Header: HelloHeader{1, 4711, "build"}.Append(nil)},
		{Kind: Task, Task: 1, Header: CallHeader{"id", "f", 5, 0}.Append(nil), Body: []byte("argument")},
		{Kind: Result, Flags: InMemory, Task: 1<<64 - 1},
		{Kind: Failure, Flags: Panicked, Task: 2, Body: bytes.Repeat([]byte("x"), joinBelow+1)},
		{Kind: Progress, Task: 3, Header: Report{-1, 2, "note"}.Append(nil)},
	}
}

func read(r *Reader) (Frame, error) {
	f, err := r.Next()
	if err != nil {
		return f, err
	}
	f.Body, err = r.Body()
	return f, err
}

func TestRoundTrip(t *testing.T) {
	var b bytes.Buffer
	for _, f := range frames() {
		if err := Write(&b, f); err != nil {
			t.Fatal(err)
		}
	}
	r := NewReader(iotest.OneByteReader(&b), 1<<20)
	for _, want := range frames() {
		got, err := read(r)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read %v, %v; want %v", got.Kind, err, want.Kind)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("at the end %v, want io.EOF", err)
	}
}

func TestReader_TruncatedFrame(t *testing.T) {
	var b bytes.Buffer
	Write(&b, frames()[1])
	for n := 1; n < b.Len(); n++ {
		if _, err := read(NewReader(bytes.NewReader(b.Bytes()[:n]), 1<<20)); err != io.ErrUnexpectedEOF {
			t.Errorf("the first %d of %d bytes gave %v", n, b.Len(), err)
		}
	}
}

func TestReader_InvalidFrame(t *testing.T) {
	var b bytes.Buffer
	Write(&b, Frame{Kind: Result, Body: make([]byte, 100)})
	if _, err := NewReader(bytes.NewReader(b.Bytes()), 99).Next(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("above the limit: %v", err)
	}
	if _, err := read(NewReader(bytes.NewReader(b.Bytes()), 100)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	r := NewReader(bytes.NewReader(b.Bytes()), 100)
	r.Next()
	if _, err := r.Next(); err == nil {
		t.Error("Next before Body was accepted")
	}
	for i, change := range map[int]byte{0: 1, 2: 0, 3: 0x80, 7: 0xff} {
		bad := bytes.Clone(b.Bytes())
		bad[i] = change
		if _, err := NewReader(bytes.NewReader(bad), 100).Next(); err == nil {
			t.Errorf("byte %d as %#x was accepted", i, change)
		}
	}
	bad := bytes.Clone(b.Bytes())
	bad[2] = byte(lastKind) + 1
	if _, err := NewReader(bytes.NewReader(bad), 100).Next(); err == nil {
		t.Error("an unknown kind was accepted")
	}
}

func TestHeaders(t *testing.T) {
	hello := HelloHeader{1, -2, "b"}
	if got, err := ParseHello(hello.Append(nil)); got != hello || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	call := CallHeader{"id", "func", -5, 1 << 40}
	if got, err := ParseCall(call.Append(nil)); got != call || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	report := Report{1, 2, ""}
	if got, err := ParseReport(report.Append(nil)); got != report || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, b := range [][]byte{call.Append(nil)[:4], append(call.Append(nil), 0), nil} {
		if _, err := ParseCall(b); err == nil {
			t.Errorf("%q was accepted", b)
		}
	}
	if k := Kind(200).String(); k != "Kind(200)" || Task.String() != "task" {
		t.Errorf("%s, %s", k, Task)
	}
}

func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	for _, frame := range frames()[:3] {
		Write(&b, frame)
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var again bytes.Buffer
		for r := NewReader(bytes.NewReader(data), 1<<16); ; {
			frame, err := read(r)
			if err != nil {
				break
			}
			if err := Write(&again, frame); err != nil {
				t.Fatal(err)
			}
			ParseHello(frame.Header)
			ParseCall(frame.Header)
			ParseReport(frame.Header)
		}
		if !bytes.HasPrefix(data, again.Bytes()) {
			t.Errorf("%q was read as %q", data, again.Bytes())
		}
	})
}
