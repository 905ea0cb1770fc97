package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patient bounds a browser test: it says that something hangs, not that it is slow.
const patient = 3 * time.Minute

// Two people talk in real browsers. One browser is killed, and the other is told.
func TestTwoBrowsers(t *testing.T) {
	path := findChromium(t)
	url := program(t)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	ada, _ := browser(t, ctx, path)
	bob, killBob := browser(t, ctx, path)

	enter := func(who context.Context, name string) {
		t.Helper()
		do(t, who, chromedp.Navigate(url), chromedp.SendKeys("#name", name), chromedp.SendKeys("#room", "engines"),
			chromedp.Click("#enter button"), chromedp.WaitVisible("#inside"))
	}
	enter(ada, "Ada")
	enter(bob, "Bob")
	do(t, ada, sees("Bob has joined"))
	do(t, bob, chromedp.SendKeys("#text", "hello <b>Ada</b>"), chromedp.Click("#say button"))
	do(t, ada, sees("Bob: hello <b>Ada</b>"), chromedp.SendKeys("#text", "hello Bob"), chromedp.Click("#say button"))
	do(t, bob, sees("Ada: hello Bob"))
	do(t, ada, shows("#members", "Ada, Bob"))

	killBob()
	do(t, ada, sees("Bob has left"), shows("#members", "Ada"))
	do(t, ada, chromedp.SendKeys("#text", "alone"), chromedp.Click("#say button"), sees("Ada: alone"))
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// sees waits for a line in the log.
func sees(text string) chromedp.Action {
	return chromedp.Poll("[...document.querySelectorAll('#log li')].some(li => li.textContent === "+quoted(text)+")", nil, chromedp.WithPollingTimeout(patient))
}

// shows waits until an element has this text.
func shows(selector, text string) chromedp.Action {
	return chromedp.Poll("document.querySelector("+quoted(selector)+").textContent === "+quoted(text), nil, chromedp.WithPollingTimeout(patient))
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "\\'") + "'" }

// findChromium skips the test where there is no browser, but not in CI.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium is installed: in CI this test has to run")
	}
	t.Skip("no Chromium is installed")
	return ""
}

// browser starts a headless browser of its own. kill ends it as the system would.
func browser(t *testing.T, ctx context.Context, path string) (tab context.Context, kill func()) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.WSURLReadTimeout(patient), chromedp.UserDataDir(profile(t)))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocator, stop := chromedp.NewExecAllocator(ctx, options...)
	tab, closeTab := chromedp.NewContext(allocator)
	if err := chromedp.Run(tab); err != nil { // starts it
		t.Fatalf("the browser does not start: %v", err)
	}
	t.Cleanup(func() {
		closeTab()
		stop()
		chromedp.FromContext(allocator).Allocator.Wait()
	})
	process := chromedp.FromContext(tab).Browser.Process()
	return tab, func() {
		if err := process.Kill(); err != nil {
			t.Error(err)
		}
	}
}

// profile is a folder for a browser. What a killed one leaves behind may write there a
// little longer, so that t.TempDir could not remove it.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for limit := time.Now().Add(patient); ; <-tick.C {
			err := os.RemoveAll(dir)
			if err == nil {
				return
			}
			if time.Now().After(limit) {
				t.Fatal(err)
			}
		}
	})
	return dir
}

// program runs the chat as a process, and returns where it is. At the end it is
// interrupted as from a terminal, and has to end well.
func program(t *testing.T) (url string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), actAsProgram+"=-address 127.0.0.1:0 -goodbye 1m")
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(stdout)
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		rest, _ := io.ReadAll(out)
		if err := cmd.Wait(); err != nil || string(rest) != "everybody has left\n" {
			t.Errorf("the chat ended with %v, and printed %q", err, rest)
		}
	})
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

// actAsProgram is set for a copy of the test binary that is to be the program.
const actAsProgram = "CHAT_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(actAsProgram); ok {
		os.Exit(run(context.Background(), strings.Fields(args), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
