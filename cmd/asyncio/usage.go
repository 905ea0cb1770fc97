package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// usageText is the help page. PROGRAM is replaced by app.program.
const usageText = `asyncio demonstrates Python's asyncio model in Go.

Usage:

  PROGRAM demo [concepts | blocking] [flags]
  PROGRAM version
  PROGRAM help

  demo            both parts below, in about 30 s
  demo concepts   seven small programs: coroutines, tasks, gather, errors,
                  cancellation and timeouts, with their code and output
  demo blocking   a heartbeat and a long computation: what blocks the loop,
                  and the measured effect of each remedy

Flags of demo:

  -full           the long form. "demo" without a part is shorter: the jobs of
                  the gather concept take 1 s instead of 2 s, and the heartbeat
                  runs for 1 s instead of 2 s before and after each computation.
                  A part that is named is always in the long form.

Flags of demo and demo blocking:

  -n N            iterations of each computation, such as 100_000_000
                  (default: about 2 s of computing in all, measured at start)
  -interval D     time between two ticks of the heartbeat (default 500ms)
  -jobs K         concurrent computations, 1 to 64 (default 1). With more jobs
                  than processors, the output also shows how late the ticks
                  were while goroutines or niced processes competed with the loop
  -report FILE    also write the result to an HTML file, with the lanes drawn to
                  scale. The file has no scripts and loads no other files

Ctrl-C cancels the demonstration, with exit status 130. A second one kills it.
An invalid command line gives exit status 2. Colours appear only in a terminal,
and not if NO_COLOR is set. COLUMNS sets the width (default 80).
`

// usage prints the help page.
func (a *app) usage() {
	for line := range strings.Lines(strings.ReplaceAll(usageText, "PROGRAM", a.program)) {
		a.screen.line(strings.TrimSuffix(line, "\n"))
	}
}

// versionLine returns the version of the module, or (devel), and of the toolchain.
func versionLine() string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	return "asyncio " + version + " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
}
