package aiometrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aiometrics"
)

// A parsed is a parsed text in the Prometheus format.
type parsed struct {
	kinds   map[string]string  // of families
	samples map[string]float64 // by name and labels, as printed
}

var (
	headLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z_]+) (.+)$`)
	sampleLine = regexp.MustCompile(`^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$`)
)

// parse checks the rules of the format: each family has its HELP and TYPE lines once, before its
// adjacent samples, and no sample occurs twice.
func parse(t *testing.T, text string) parsed {
	t.Helper()
	p := parsed{map[string]string{}, map[string]float64{}}
	family := ""
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			t.Errorf("the last line does not end: %q", line)
		}
		line = strings.TrimSuffix(line, "\n")
		if m := headLine.FindStringSubmatch(line); m != nil {
			if m[1] == "HELP" && p.kinds[m[2]] != "" {
				t.Errorf("family %s occurs twice", m[2])
			}
			family = m[2]
			if m[1] == "TYPE" {
				p.kinds[family] = m[3]
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("not a line of the format: %q", line)
			continue
		}
		name := m[1]
		if p.kinds[family] == "histogram" {
			name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		}
		if name != family {
			t.Errorf("a sample of %s is in family %s", m[1], family)
		}
		v, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			t.Errorf("%q: %v", line, err)
		}
		if _, twice := p.samples[m[1]+m[2]]; twice {
			t.Errorf("%s%s occurs twice", m[1], m[2])
		}
		p.samples[m[1]+m[2]] = v
	}
	return p
}

func (p parsed) expect(t *testing.T, series string, want float64) {
	t.Helper()
	if got, ok := p.samples[series]; !ok || got != want {
		t.Errorf("%s is %v (present: %v), want %v", series, got, ok, want)
	}
}

var double = asyncio.Register("aiometrics.double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func TestWrite(t *testing.T) {
	odd := "of \"the\" back\\slash\nand lines"
	a, b := asyncio.NewLoop(asyncio.WithName(odd)), asyncio.NewLoop(asyncio.WithName(odd))
	pool := asyncio.NewThreadPool(3)
	var blocked strings.Builder
	err := a.Run(context.Background(), func(ctx context.Context) error {
		failed := asyncio.Go(ctx, func(context.Context) error { return errors.New("failed") })
		waits := asyncio.Go(ctx, func(ctx context.Context) error { _, err := asyncio.NewFuture[int](ctx).Await(ctx); return err })
		asyncio.Wait(ctx, asyncio.AllCompleted, failed)
		failed.Err()
		if _, err := double.Call(ctx, pool, 1); err != nil {
			return err
		}
		if err := aiometrics.Write(&blocked, a, b); err != nil {
			return err
		}
		waits.Cancel(nil)
		return pool.Close(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	name := pool.Metrics().Name
	first, second := `{asyncio_loop_name="of \"the\" back\\slash\nand lines`, `{asyncio_loop_name="of \"the\" back\\slash\nand lines#2`
	p := parse(t, blocked.String())
	for family, kind := range map[string]string{
		"asyncio_loop_delay_seconds": "histogram", "asyncio_loop_utilization_ratio": "gauge", "asyncio_loop_time_seconds_total": "counter",
		"asyncio_loop_iterations_total": "counter", "asyncio_task_count": "gauge", "asyncio_task_created_total": "counter",
		"asyncio_task_finished_total": "counter", "asyncio_executor_queue_length": "gauge", "asyncio_executor_workers": "gauge",
		"asyncio_executor_duration_seconds": "histogram",
	} {
		if p.kinds[family] != kind {
			t.Errorf("family %s is a %q, want %q", family, p.kinds[family], kind)
		}
	}
	p.expect(t, `asyncio_task_count`+first+`",state="running"}`, 1)
	p.expect(t, `asyncio_task_count`+first+`",state="waiting"}`, 1)
	p.expect(t, `asyncio_task_created_total`+first+`"}`, 3)
	p.expect(t, `asyncio_task_finished_total`+first+`",outcome="error"}`, 1)
	p.expect(t, `asyncio_task_finished_total`+first+`",outcome="ok"}`, 0)
	p.expect(t, `asyncio_task_created_total`+second+`"}`, 0)
	p.expect(t, `asyncio_executor_workers{asyncio_executor_name="`+name+`"}`, 3)
	p.expect(t, `asyncio_executor_workers`+first+`",asyncio_executor_name="to-thread"}`, 512)
	count := p.samples[`asyncio_loop_delay_seconds_count`+first+`"}`]
	p.expect(t, `asyncio_loop_delay_seconds_bucket`+first+`",le="+Inf"}`, count)
	if p.samples[`asyncio_loop_time_seconds_total`+first+`",asyncio_loop_state="active"}`] <= 0 {
		t.Error("the loop was never active")
	}
}

// TestHandler_BlockedLoop: the handler answers while a step that waits for it blocks the loop.
func TestHandler_BlockedLoop(t *testing.T) {
	l := asyncio.NewLoop()
	answer := httptest.NewRecorder()
	err := l.Run(context.Background(), func(ctx context.Context) error {
		done := make(chan struct{})
		go func() {
			defer close(done)
			aiometrics.Handler(l).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
		}()
		<-done // blocks the loop
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header().Get("Content-Type"); answer.Code != 200 || kind != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("status %d, type %q", answer.Code, kind)
	}
	parse(t, answer.Body.String()).expect(t, `asyncio_task_count{asyncio_loop_name="#1",state="running"}`, 1)
}

func TestHandler_Methods(t *testing.T) {
	answer := httptest.NewRecorder()
	aiometrics.Handler().ServeHTTP(answer, httptest.NewRequest("POST", "/metrics", nil))
	if answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("a POST got status %d and %v", answer.Code, answer.Header())
	}
}

// TestNamesOfLoops: each loop has another name in the output, in valid UTF-8.
func TestNamesOfLoops(t *testing.T) {
	var loops []*asyncio.Loop
	for _, name := range []string{"a#3", "a", "a", "b\xff", "b\xfe", "", "#8", ""} {
		loops = append(loops, asyncio.NewLoop(asyncio.WithName(name)))
	}
	var page strings.Builder
	if err := aiometrics.Write(&page, loops...); err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(page.String()) {
		t.Error("the page is not UTF-8")
	}
	p := parse(t, page.String())
	for _, name := range []string{"a#3", "a", "a#4", "b\uFFFD", "b\uFFFD#5", "#6", "#8", "#9"} {
		p.expect(t, `asyncio_loop_ready{asyncio_loop_name="`+name+`"}`, 0)
	}
}

// A named is an executor with any name.
type named struct {
	*asyncio.ThreadPool
	name string
}

func (n named) Metrics() asyncio.ExecutorMetrics {
	m := n.ThreadPool.Metrics()
	m.Name = n.name
	return m
}

func TestNamesOfExecutors(t *testing.T) {
	var page strings.Builder
	err := asyncio.Run(t.Context(), func(ctx context.Context) error {
		pool := asyncio.NewThreadPool(1)
		defer pool.Close(ctx)
		for _, name := range []string{"c\xff", "c\xfe"} {
			if _, err := double.Call(ctx, named{pool, name}, 1); err != nil {
				return err
			}
		}
		return aiometrics.Write(&page, asyncio.LoopOf(ctx))
	})
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.ValidString(page.String()) {
		t.Error("the page is not UTF-8")
	}
	parse(t, page.String()).expect(t, "asyncio_executor_workers{asyncio_executor_name=\"c\uFFFD\"}", 1)
}
