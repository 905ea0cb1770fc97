package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
)

// A part is a piece of the demonstration that can be run alone.
type part struct {
	name string
	run  func(ctx context.Context, o options) error
}

// parts are in the order in which demo without an argument runs them.
func (a *app) parts() []part {
	return []part{
		{"concepts", a.concepts},
		{"blocking", a.blocking},
	}
}

// demo runs one part or all of them.
func (a *app) demo(ctx context.Context, args []string) error {
	parts := a.parts()
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	o, err := parseOptions(args, names)
	if errors.Is(err, flag.ErrHelp) {
		a.usage()
		return nil
	}
	if err != nil {
		return err
	}
	if o.report != "" {
		if o.page, err = newReportFile(o.report); err != nil {
			return err
		}
	}
	for _, p := range parts {
		if p.name == o.part {
			o.full = true // a part that is named on the command line is not shortened
			return p.run(ctx, o)
		}
	}

	a.greeting(o)
	for _, p := range parts {
		if err := p.run(ctx, o); err != nil {
			return err
		}
	}
	a.farewell()
	return nil
}

// greeting prints the introduction.
func (a *app) greeting(o options) {
	s := a.screen
	s.line(s.paint(bold, "asyncio for Go") + ": seven concepts, then what blocks an event loop and what helps.")
	length := "About 30 s"
	if o.full {
		length = "About 45 s"
	}
	if o.n != 0 {
		length = "The duration depends on -n"
	}
	form := "this is the short form, -full runs the long one"
	if o.full {
		form = "this is the full form"
	}
	s.text("%s; %s. Ctrl-C stops it.", length, form)
}

// farewell proposes further commands.
func (a *app) farewell() {
	s := a.screen
	s.title("Try next")
	for _, c := range nextSteps {
		s.line("  " + s.paint(cyan, a.program+" "+c.args))
		s.hanging("      ", plain, c.why)
	}
}

// nextSteps are commands to run after the demonstration.
var nextSteps = []struct{ args, why string }{
	{"demo -full", "the long form: longer jobs, and a longer heartbeat around each computation"},
	{"demo blocking -jobs 16 -interval 20ms", "more computations than processors: how late is the heartbeat with each remedy?"},
	{"demo blocking -report report.html", "the lanes drawn to scale, in an HTML file"},
	{"demo blocking -n 100_000_000 -interval 50ms", fmt.Sprintf("a fixed size, for comparing machines; s must be %s", thousands(closedSum(100_000_000)))},
}
