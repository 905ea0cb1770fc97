package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// usageText is the one page of help; PROGRAM stands for the way this program
// was started.
const usageText = `asyncio shows Python's asyncio model at work in Go.

Usage:

  PROGRAM demo [concepts | blocking] [flags]
  PROGRAM version
  PROGRAM help

  demo            both parts below in about 30 s
  demo concepts   seven small programs: coroutines, tasks, gather, errors,
                  cancellation and time-outs, the code beside its output
  demo blocking   a heartbeat beside a long computation: what blocks the
                  loop, and what each remedy does about it, measured here

Flags of demo:

  -full           the long form. "demo" alone trims two things: the jobs of the
                  gather concept take 1 s instead of 2 s, and the heartbeat is
                  watched for 1 s instead of 2 s before and after each
                  computation. A part named alone is always in the long form.

Flags of demo and demo blocking:

  -n N            iterations of each computation, such as 100_000_000
                  (default: about 2 s of computing in all, measured at start)
  -interval D     time between two ticks of the heartbeat (default 500ms)
  -jobs K         computations at once, 1 to 64 (default 1); with more than
                  there are processors, also how late the ticks came while
                  goroutines, or niced processes, competed with the loop
  -report FILE    write the result as a page, too: one HTML file with the lanes
                  drawn to scale, no scripts, nothing loaded from elsewhere

Ctrl-C stops at once and in order, with exit status 130; a second one kills.
A mistake in the command line gives exit status 2. Colours appear only in a
terminal and not when NO_COLOR is set; COLUMNS sets the width (default 80).
`

// usage prints the help page.
func (a *app) usage() {
	for line := range strings.Lines(strings.ReplaceAll(usageText, "PROGRAM", a.program)) {
		a.screen.line(strings.TrimSuffix(line, "\n"))
	}
}

// versionLine names the version of the module, when it was built from one, and
// the toolchain.
func versionLine() string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return "asyncio " + version + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
