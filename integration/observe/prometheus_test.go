package observe

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aiometrics"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Prometheus' own parser reads what aiometrics prints, also of a loop with an odd name that is blocked.
func TestPrometheusReadsTheMetrics(t *testing.T) {
	odd := "of \"the\" back\\slash\nand lines"
	release := make(chan struct{})
	var l *asyncio.Loop
	var during, after strings.Builder
	l = asyncio.NewLoop(asyncio.WithName(odd), asyncio.WithLogger(quiet), asyncio.WithStallThreshold(40*time.Millisecond),
		asyncio.WithStallHandler(func(s asyncio.Stall) {
			if !s.Ended && s.TaskName == "main" && during.Len() == 0 {
				if err := aiometrics.Write(&during, l); err != nil {
					t.Error(err)
				}
				close(release)
			}
		}))
	if err := l.Run(t.Context(), func(context.Context) error { block(release); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := aiometrics.Write(&after, l); err != nil {
		t.Fatal(err)
	}
	families := parsed(t, during.String())
	current := families["asyncio_stall_current_seconds"].GetMetric()
	if len(current) != 1 || current[0].GetGauge().GetValue() < 0.04 || current[0].GetLabel()[0].GetValue() != odd {
		t.Errorf("while the loop is blocked the stall is %v", current)
	}
	if workers := families["asyncio_executor_workers"].GetMetric(); len(workers) != 1 {
		t.Errorf("the executors are %v", workers)
	}
	families = parsed(t, after.String())
	var stalls uint64
	for _, m := range families["asyncio_stall_duration_seconds"].GetMetric() {
		stalls += m.GetHistogram().GetSampleCount()
	}
	if stalls == 0 {
		t.Error("no stall was counted")
	}
}

func parsed(t *testing.T, text string) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("Prometheus does not read it: %v\n%s", err, text)
	}
	return families
}
