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
			exec.grace = guard // who listens may take his time, however slow the machine
		}
		return exec
	})
}

// Nothing can tell a second Finish from none: it returns false.
func TestRun_FinishingTwiceIsAllowed(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor { return newRemote(2, finishesTwice) }, InProcess())
}

// An executor that does not tell how many calls run at once.
func TestRun_WithoutWorkers(t *testing.T) {
	Run(t, func(*testing.T) asyncio.Executor {
		return struct{ asyncio.Executor }{asyncio.NewThreadPool(3)}
	})
}

// flaw is a rule that remote breaks.
type flaw string

const (
	finishesTwice     flaw = "finishes twice" // which is no flaw
	neverFinishes     flaw = "never finishes"
	finishesRefused   flaw = "finishes refused calls"
	refusesLate       flaw = "accepts after Close and finishes with ErrExecutorClosed"
	acceptsAfterClose flaw = "runs calls after Close"
	blocksTheLoop     flaw = "blocks the loop in Start"
	oneLoopOnly       flaw = "serves one loop only"
	queueIsDeaf       flaw = "does not cancel queued calls"
	dropsCancel       flaw = "does not cancel functions"
	dropsDeadline     flaw = "drops the deadline"
	dropsCause        flaw = "drops the cause"
	cancelsOthers     flaw = "cancels other calls too"
	dropsProgress     flaw = "drops progress"
	swapsProgress     flaw = "loses the order of progress"
	knowsNoChunks     flaw = "does not know chunks"
	changesArg        flaw = "changes the argument"
	dropsErrors       flaw = "drops errors"
	errorsAsText      flaw = "passes the text of errors"
	dropsMarks        flaw = "drops what errors.Is knows errors by"
	dropsStacks       flaw = "drops the stacks of panics"
	truncates         flaw = "truncates large results"
	forgetsResults    flaw = "forgets results"
	closesAtOnce      flaw = "does not drain"
	closesOnce        flaw = "the second Close fails"
	closeIsDeaf       flaw = "Close does not look at its ctx"
	closeLeavesAll    flaw = "Close cancels nothing"
	closeIsSilent     flaw = "Close hides what it left"
	leaksGoroutines   flaw = "leaks a goroutine"
)

var leaks = make(chan struct{}) // ends the goroutines that are leaked on purpose

// Each flaw is found by a check, and for the right reason.
func TestChecks_FindFlaws(t *testing.T) {
	defer close(leaks)
	for _, m := range []struct {
		flaw  flaw
		check string
		says  string
		hangs bool // is found by the guard
	}{
		{neverFinishes, "Results", "it hangs", true},
		{neverFinishes, "CancelRunning", "it hangs", true},
		{finishesRefused, "CloseRefuses", "Start returned an error", false},
		{refusesLate, "CloseRefuses", "Start after Close returned <nil>", false},
		{acceptsAfterClose, "CloseRefuses", "Call after Close gave the error <nil>", false},
		{blocksTheLoop, "BackPressure", "it hangs", true},
		{oneLoopOnly, "TwoLoops", asyncio.ErrWrongLoop.Error(), false},
		{queueIsDeaf, "CancelQueued", "it hangs", true},
		{queueIsDeaf, "LoopEnds", "it hangs", true},
		{dropsCancel, "CancelRunning", "it hangs", true},
		{dropsCancel, "MapBreak", "it hangs", true},
		{dropsDeadline, "Deadline", "the function's deadline is", false},
		{dropsCause, "CancelRunning", "in the function the cause was", false},
		{cancelsOthers, "CancelQueued", "saw its ctx end", false},
		{dropsProgress, "Progress", "these had come", false},
		{dropsProgress, "ProgressThinned", "the last report", false},
		{swapsProgress, "Progress", "these had come", false},
		{knowsNoChunks, "Map", "gave", false},
		{changesArg, "Payloads", "was changed", false},
		{dropsErrors, "Errors", "gave <nil>", false},
		{dropsErrors, "Encoding", "want ErrEncoding", false},
		{dropsErrors, "Goexit", "no error", false},
		{dropsErrors, "NotRegistered", "ErrNotRegistered", false},
		{errorsAsText, "Errors", "a *RemoteError of Type", false},
		{dropsMarks, "Errors", "errors.Is does not find", false},
		{errorsAsText, "Panics", "want a *PanicError", false},
		{dropsStacks, "Panics", "does not name the function", false},
		{dropsMarks, "EncodingPanics", "want ErrEncoding", false},
		{dropsStacks, "EncodingPanics", "does not name the function", false},
		{errorsAsText, "OddErrors", "it hangs", true},
		{truncates, "Payloads", "of 5242880 bytes came back 1048576", false},
		{forgetsResults, "Results", "double of 0", false},
		{forgetsResults, "ZeroValues", "empty struct", false},
		{forgetsResults, "ManyCalls", "encoding failed", false},
		{forgetsResults, "AnyOrder", "call 19", false},
		{closesAtOnce, "CloseDrains", "Close returned while functions ran", false},
		{closesOnce, "CloseTwice", "the second Close", false},
		{closeIsDeaf, "CloseEndedCtx", "it hangs", true},
		{closeIsDeaf, "CloseIgnored", "it hangs", true},
		{closeLeavesAll, "CloseEndedCtx", "it hangs", true},
		{closeIsSilent, "CloseIgnored", "returned nil", false},
		{leaksGoroutines, "Unused", "goroutine(s) are left", true},
	} {
		t.Run(m.check+" finds: "+string(m.flaw), func(t *testing.T) {
			o := options{guard: guard, inProcess: true}
			if m.hangs {
				o.guard = 300 * time.Millisecond
			}
			err := checkOf(t, m.check).against(newRemote(2, m.flaw), o)
			if err == nil {
				t.Fatalf("the check %s found nothing wrong with an executor that %s", m.check, m.flaw)
			}
			if !strings.Contains(err.Error(), m.says) {
				t.Errorf("the check %s says, without %q:\n%v", m.check, m.says, err)
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
	err := checkOf(t, "BackPressure").against(inline{asyncio.NewThreadPool(1)}, options{guard: 500 * time.Millisecond, local: true})
	if err == nil || !strings.Contains(err.Error(), "it hangs") {
		t.Errorf("an executor that runs functions on the loop: %v", err)
	}
}

// What only executors must do whose functions are in other processes.
func TestChecks_FindThatForceIsMissing(t *testing.T) {
	for _, m := range []struct {
		flaw        flaw
		check, says string
		guard       time.Duration
	}{
		{crashIsResult, "Crash", "whose method Lost returns true", guard},
		{crashIsResult, "CrashInMap", "beside one that ends the process", guard},
		{neverKills, "CancelIgnored", "it hangs", 2 * time.Second},
		{neverKills, "CloseIgnored", "it hangs", 2 * time.Second},
	} {
		t.Run(m.check, func(t *testing.T) {
			exec := newSpawning(2)
			exec.flaw = m.flaw
			err := checkOf(t, m.check).against(exec, options{guard: m.guard})
			if err == nil || !strings.Contains(err.Error(), m.says) {
				t.Errorf("with an executor that %s the check says, without %q: %v", m.flaw, m.says, err)
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
