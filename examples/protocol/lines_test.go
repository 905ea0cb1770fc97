package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// cut feeds the stream in pieces of the given sizes, in turn, and returns the lines.
func cut(stream []byte, most int, sizes ...int) (all []string, err error) {
	l := lines{max: most}
	for i := 0; len(stream) > 0; i++ {
		n := min(max(sizes[i%len(sizes)], 1), len(stream))
		l.feed(stream[:n])
		stream = stream[n:]
		for {
			line, ok, err := l.next()
			if err != nil {
				return all, err
			}
			if !ok {
				break
			}
			all = append(all, string(line))
		}
	}
	return all, nil
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		stream string
		want   []string
		err    error
	}{
		{"", nil, nil},
		{"no end", nil, nil},
		{"a\nb\r\n\n\r\nc", []string{"a", "b", "", ""}, nil},
		{"a\rb\r\r\n", []string{"a\rb\r"}, nil},
		{"12345678\n", []string{"12345678"}, nil},
		{"12345678\r\n", []string{"12345678"}, nil},
		{"123456789\n", nil, errLineTooLong},
		{"a\n1234567890", []string{"a"}, errLineTooLong},
	} {
		for size := range 12 {
			got, err := cut([]byte(c.stream), 8, size)
			if !slices.Equal(got, c.want) || err != c.err {
				t.Errorf("%q in pieces of %d: %q, %v; want %q, %v", c.stream, size, got, err, c.want, c.err)
			}
		}
	}
}

func TestLinesKeepNothingWhenAllIsTaken(t *testing.T) {
	l := lines{max: 8}
	l.feed([]byte("a\nb\n"))
	for range 2 {
		if _, ok, err := l.next(); !ok || err != nil {
			t.Fatalf("next: %v, %v", ok, err)
		}
	}
	if l.rest != nil {
		t.Errorf("%d bytes are kept", cap(l.rest))
	}
}

// However a stream is cut in pieces the lines are the same, and they are what
// strings.Split makes of it.
func FuzzLines(f *testing.F) {
	f.Add([]byte("SET a b\r\nGET a\n"), uint8(3), uint8(7))
	f.Add([]byte("\n\n\r\n\r"), uint8(1), uint8(1))
	f.Add(bytes.Repeat([]byte("x"), 100), uint8(200), uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, a, b uint8) {
		const most = 32
		whole := strings.Split(string(stream), "\n")
		var want []string
		var wantErr error
		for _, line := range whole[:len(whole)-1] {
			line = strings.TrimSuffix(line, "\r")
			if len(line) > most {
				wantErr = errLineTooLong
				break
			}
			want = append(want, line)
		}
		if wantErr == nil && len(whole[len(whole)-1]) > most+1 {
			wantErr = errLineTooLong
		}
		for _, sizes := range [][]int{{1}, {int(a), int(b)}, {len(stream)}} {
			got, err := cut(stream, most, sizes...)
			if !slices.Equal(got, want) || err != wantErr {
				t.Errorf("%q in pieces of %v: %q, %v; want %q, %v", stream, sizes, got, err, want, wantErr)
			}
		}
	})
}
