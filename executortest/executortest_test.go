package executortest

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerEnv) != "" {
		serveOneCall()
		return
	}
	os.Exit(m.Run())
}

func TestRun_ThreadPool(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor { return asyncio.NewThreadPool(2) })
}

func TestRun_ThreadPoolOfOne(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor { return asyncio.NewThreadPool(1) })
}

func TestRun_EncodedInProcess(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor { return newRemote(2, "") }, InProcess())
}

func TestRun_ProcessPerCall(t *testing.T) {
	Run(t, func(t *testing.T) asyncio.Executor {
		exec := newSpawning(2)
		if !strings.HasSuffix(t.Name(), "Ignored") {
			exec.grace = hangTimeout // a function that heeds its ctx must have time on a slow machine
		}
		return exec
	})
}

// A second Finish is allowed. It returns false.
func TestRun_FinishingTwiceIsAllowed(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor { return newRemote(2, finishesTwice) }, InProcess())
}

// The executor has no method Workers.
func TestRun_WithoutWorkers(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor {
		return struct{ asyncio.Executor }{asyncio.NewThreadPool(3)}
	})
}

// A flaw is a rule that remote breaks.
type flaw string

const (
	finishesTwice       flaw = "finishes twice" // allowed
	neverFinishes       flaw = "never finishes"
	finishesRefused     flaw = "finishes refused calls"
	refusesLate         flaw = "accepts after Close and finishes with ErrExecutorClosed"
	acceptsAfterClose   flaw = "runs calls after Close"
	blocksTheLoop       flaw = "blocks the loop in Start"
	oneLoopOnly         flaw = "serves one loop only"
	keepsQueued         flaw = "does not cancel queued calls"
	dropsCancel         flaw = "does not cancel functions"
	dropsDeadline       flaw = "drops the deadline"
	dropsCause          flaw = "drops the cause"
	cancelsOthers       flaw = "cancels other calls too"
	dropsProgress       flaw = "drops progress"
	swapsProgress       flaw = "loses the order of progress"
	ignoresChunks       flaw = "ignores chunks"
	changesArg          flaw = "changes the argument"
	dropsErrors         flaw = "drops errors"
	errorsAsText        flaw = "passes the text of errors"
	dropsIdentity       flaw = "drops the identity of errors"
	dropsStacks         flaw = "drops the stacks of panics"
	truncates           flaw = "truncates large results"
	forgetsResults      flaw = "forgets results"
	closesAtOnce        flaw = "does not drain"
	closesOnce          flaw = "the second Close fails"
	closeIgnoresCtx     flaw = "Close ignores its ctx"
	closeCancelsNothing flaw = "Close cancels nothing"
	closeHidesCalls     flaw = "Close does not name the abandoned calls"
	leaksGoroutines     flaw = "leaks a goroutine"
)

var leaks = make(chan struct{}) // ends the leaked goroutines

// Each flaw fails a check, with the right message.
func TestChecks_FindFlaws(t *testing.T) {
	defer close(leaks)
	for _, m := range []struct {
		flaw  flaw
		check string
		says  string
		hangs bool // the check needs hangTimeout to fail
	}{
		{neverFinishes, "Results", "the check hangs", true},
		{neverFinishes, "CancelRunning", "the check hangs", true},
		{finishesRefused, "CloseRefuses", "Start returned an error", false},
		{refusesLate, "CloseRefuses", "Start after Close returned <nil>", false},
		{acceptsAfterClose, "CloseRefuses", "Call after Close returned the error <nil>", false},
		{blocksTheLoop, "BackPressure", "the check hangs", true},
		{oneLoopOnly, "TwoLoops", asyncio.ErrWrongLoop.Error(), false},
		{keepsQueued, "CancelQueued", "the check hangs", true},
		{keepsQueued, "LoopEnds", "the check hangs", true},
		{dropsCancel, "CancelRunning", "the check hangs", true},
		{dropsCancel, "MapBreak", "the check hangs", true},
		{dropsDeadline, "Deadline", "the function's deadline is", false},
		{dropsCause, "CancelRunning", "the cause in the function was", false},
		{cancelsOthers, "CancelQueued", "its ctx has ended", false},
		{dropsProgress, "Progress", "the reports before the call returned", false},
		{dropsProgress, "ProgressThinned", "as the last", false},
		{swapsProgress, "Progress", "the reports before the call returned", false},
		{ignoresChunks, "Map", "returned", false},
		{changesArg, "Payloads", "was changed", false},
		{dropsErrors, "Errors", "but the call returned <nil>", false},
		{dropsErrors, "Encoding", "want ErrEncoding", false},
		{dropsErrors, "Goexit", "no error", false},
		{dropsErrors, "NotRegistered", "ErrNotRegistered", false},
		{errorsAsText, "Errors", "a *RemoteError of Type", false},
		{dropsIdentity, "Errors", "errors.Is does not find", false},
		{errorsAsText, "Panics", "want a *PanicError", false},
		{dropsStacks, "Panics", "does not name the function", false},
		{dropsIdentity, "EncodingPanics", "want ErrEncoding", false},
		{dropsStacks, "EncodingPanics", "does not name the function", false},
		{errorsAsText, "OddErrors", "the check hangs", true},
		{truncates, "Payloads", "5242880 bytes returned as 1048576", false},
		{forgetsResults, "Results", "double of 0", false},
		{forgetsResults, "ZeroValues", "empty struct", false},
		{forgetsResults, "ManyCalls", "encoding failed", false},
		{forgetsResults, "AnyOrder", "call 19", false},
		{closesAtOnce, "CloseDrains", "Close returned while functions ran", false},
		{closesOnce, "CloseTwice", "the second Close", false},
		{closeIgnoresCtx, "CloseEndedCtx", "the check hangs", true},
		{closeIgnoresCtx, "CloseIgnored", "the check hangs", true},
		{closeCancelsNothing, "CloseEndedCtx", "the check hangs", true},
		{closeHidesCalls, "CloseIgnored", "returned nil", false},
		{leaksGoroutines, "Unused", "goroutine(s) still run", true},
	} {
		t.Run(m.check+" finds: "+string(m.flaw), func(t *testing.T) {
			o := options{hangTimeout: hangTimeout, inProcess: true}
			if m.hangs {
				o.hangTimeout = 300 * time.Millisecond
			}
			err := checkOf(t, m.check).runOn(newRemote(2, m.flaw), o)
			if err == nil {
				t.Fatalf("the check %s passed an executor that %s", m.check, m.flaw)
			}
			if !strings.Contains(err.Error(), m.says) {
				t.Errorf("the error of check %s does not contain %q:\n%v", m.check, m.says, err)
			}
		})
	}
}

// inline is a local executor that runs functions on the loop.
type inline struct{ asyncio.Executor }

func (inline) Start(ctx context.Context, c *asyncio.Call) error {
	c.Run(c.Context())
	return nil
}

func TestChecks_FindFunctionsOnTheLoop(t *testing.T) {
	err := checkOf(t, "BackPressure").runOn(inline{asyncio.NewThreadPool(1)}, options{hangTimeout: 500 * time.Millisecond, local: true})
	if err == nil || !strings.Contains(err.Error(), "the check hangs") {
		t.Errorf("an executor that runs functions on the loop: %v", err)
	}
}

// These rules apply only to executors with other processes.
func TestChecks_FindMissingForce(t *testing.T) {
	for _, m := range []struct {
		flaw        flaw
		check, says string
		hangTimeout time.Duration
	}{
		{crashIsResult, "Crash", "whose method Lost returns true", hangTimeout},
		{crashIsResult, "CrashInMap", "in a chunk with one that ends the process", hangTimeout},
		{neverKills, "CancelIgnored", "the check hangs", 2 * time.Second},
		{neverKills, "CloseIgnored", "the check hangs", 2 * time.Second},
	} {
		t.Run(m.check, func(t *testing.T) {
			exec := newSpawning(2)
			exec.flaw = m.flaw
			err := checkOf(t, m.check).runOn(exec, options{hangTimeout: m.hangTimeout})
			if err == nil || !strings.Contains(err.Error(), m.says) {
				t.Errorf("an executor that %s: the error does not contain %q: %v", m.flaw, m.says, err)
			}
		})
	}
}

func checkOf(t *testing.T, name string) check {
	t.Helper()
	for _, c := range append(checks, unused) {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s", name)
	return check{}
}
