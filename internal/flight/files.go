package flight

import (
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// files are those that a recording has written and not removed, the oldest first.
type files struct {
	paths []string
	sizes []int64
}

const (
	maxFiles = 5
	maxTotal = 256 << 20 // of all but the newest
)

// write writes to a new file, and removes the oldest that are too many.
func (f *files) write(dir, name string, src io.WriterTo) (path string, err error) {
	tmp, err := os.CreateTemp(dir, prefix(name, time.Now())+"-*"+unfinished)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name()) //nolint:errcheck // the first error is told
		}
	}()
	n, err := src.WriteTo(tmp)
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", err
	}
	path = strings.TrimSuffix(tmp.Name(), unfinished) + ".trace"
	if err := os.Rename(tmp.Name(), path); err != nil {
		return "", err
	}
	f.paths, f.sizes = append(f.paths, path), append(f.sizes, n)
	f.trim()
	return path, nil
}

const unfinished = ".unfinished"

func (f *files) trim() {
	var total int64
	keep := len(f.paths) - 1
	for keep > 0 && len(f.paths)-keep < maxFiles && total+f.sizes[keep-1] <= maxTotal {
		keep--
		total += f.sizes[keep]
	}
	for _, path := range f.paths[:keep] {
		os.Remove(path) //nolint:errcheck // somebody else may have
	}
	f.paths, f.sizes = f.paths[keep:], f.sizes[keep:]
}

// prefix is the beginning of a file's name: what wrote it, and when.
func prefix(name string, now time.Time) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '_'
	}, name)
	if plain = plain[:min(len(plain), 40)]; plain != "" {
		plain = "-" + plain
	}
	return "asyncio-stall" + plain + "-" + strconv.Itoa(os.Getpid()) + "-" + now.UTC().Format("20060102T150405.000")
}
