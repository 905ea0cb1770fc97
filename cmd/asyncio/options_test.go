package main

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"
)

var partNames = []string{"concepts", "blocking"}

func TestOptions(t *testing.T) {
	defaults := options{interval: 500 * time.Millisecond, jobs: 1}
	with := func(change func(*options)) options {
		o := defaults
		change(&o)
		return o
	}
	for args, want := range map[string]options{
		"":                         defaults,
		"concepts":                 with(func(o *options) { o.part = "concepts" }),
		"-full concepts":           with(func(o *options) { o.part, o.full = "concepts", true }),
		"blocking -n 1000":         with(func(o *options) { o.part, o.n = "blocking", 1000 }),
		"-n 100_000_000":           with(func(o *options) { o.n = 100_000_000 }),
		"-n=100,000,000 blocking":  with(func(o *options) { o.part, o.n = "blocking", 100_000_000 }),
		"-n 010":                   with(func(o *options) { o.n = 10 }), // decimal, whatever it begins with
		"--interval 0.25s":         with(func(o *options) { o.interval = 250 * time.Millisecond }),
		"-interval 1ms -jobs 64":   with(func(o *options) { o.interval, o.jobs = time.Millisecond, 64 }),
		"-jobs 2 blocking -full":   with(func(o *options) { o.part, o.jobs, o.full = "blocking", 2, true }),
		"blocking -n 1 -n 2":       with(func(o *options) { o.part, o.n = "blocking", 2 }), // the last one counts
		"-n 1_000_000_000_000":     with(func(o *options) { o.n = maxIterations }),
		"blocking -report a.html":  with(func(o *options) { o.part, o.report = "blocking", "a.html" }),
		"-report a -report b":      with(func(o *options) { o.report = "b" }),
		"-interval 10s -full=true": with(func(o *options) { o.interval, o.full = 10*time.Second, true }),
	} {
		got, err := parseOptions(strings.Fields(args), partNames)
		if err != nil || got != want {
			t.Errorf("demo %s: %+v, %v; want %+v", args, got, err, want)
		}
	}
}

// TestInvalidOptions: each error has the value and what is allowed.
func TestInvalidOptions(t *testing.T) {
	for args, words := range map[string][]string{
		"-n abc":                      {`"abc"`, "-n", "must be a whole number from 1 to 1,000,000,000,000"},
		"-n 0":                        {`"0"`, "-n", "must be a whole number from 1"},
		"-n -5":                       {`"-5"`, "-n", "must be"},
		"-n +5":                       {`"+5"`, "-n", "must be"},
		"-n 1.5":                      {`"1.5"`, "-n", "must be"},
		"-n 1e8":                      {`"1e8"`, "-n", "must be"},
		"-n 1__000":                   {`"1__000"`, "must be"},
		"-n _1000":                    {`"_1000"`, "must be"},
		"-n 1000_":                    {`"1000_"`, "must be"},
		"-n _":                        {`"_"`, "must be"},
		"-n=":                         {`""`, "-n", "must be"},
		"-n 1_000_000_000_001":        {`"1_000_000_000_001"`, "must be"},
		"-n 99999999999999999999":     {`"99999999999999999999"`, "must be"},
		"-n":                          {"-n", "must have a value"},
		"-jobs 0":                     {`"0"`, "-jobs", "must be a whole number from 1 to 64"},
		"-jobs 65":                    {`"65"`, "-jobs", "must be a whole number from 1 to 64"},
		"-jobs many":                  {`"many"`, "-jobs", "must be"},
		"-interval 0.5":               {`"0.5"`, "-interval", "must be a duration from 1ms to 10s"},
		"-interval 0s":                {`"0s"`, "-interval", "must be"},
		"-interval -1s":               {`"-1s"`, "-interval", "must be"},
		"-interval 1us":               {`"1us"`, "-interval", "must be"},
		"-interval 11s":               {`"11s"`, "-interval", "must be"},
		"-full=perhaps":               {`"perhaps"`, "-full", "must be true or false"},
		"-speed 3":                    {"-speed", "unknown flag", "must be -full, -interval, -jobs, -n or -report"},
		"-report":                     {"-report", "must have a value"},
		"-report=":                    {`""`, "-report", "must be a file name"},
		"concepts -report a.html":     {"-report", "demo concepts", "only -full is allowed"},
		"sleeping":                    {`"sleeping"`, "unknown part", "must be concepts or blocking"},
		"blocking concepts":           {`"concepts"`, "after demo blocking", "only flags are allowed"},
		"blocking -n 5 more":          {`"more"`, "only flags are allowed"},
		"concepts -n 5":               {"-n", "demo concepts", "only -full is allowed"},
		"-jobs 2 concepts":            {"-jobs", "demo concepts", "only -full is allowed"},
		"concepts -interval 1s -full": {"-interval", "demo concepts"},
	} {
		_, err := parseOptions(strings.Fields(args), partNames)
		var usage usageError
		if !errors.As(err, &usage) {
			t.Errorf("demo %s: error %v, want a usage error", args, err)
			continue
		}
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("demo %s: error %q does not contain %s", args, err, word)
			}
		}
	}
}

func TestOptionHelp(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"blocking", "--help"}} {
		if _, err := parseOptions(args, partNames); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("demo %s: %v, want flag.ErrHelp", args, err)
		}
	}
}
