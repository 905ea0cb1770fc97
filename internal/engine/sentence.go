package engine

import (
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/asyncio-go/asyncio/internal/stall"
)

// The text of a report, for a terminal, a dump and the String method of the public Stall.

// Sentence returns the task, the place and the duration in a sentence, and the advice in another.
func (r Stall) Sentence() string {
	text := r.statement() + "."
	if r.Advice != "" {
		text += " " + asSentence(r.Advice)
	}
	return text
}

// Text returns the report in at most five lines. The first line is the Sentence.
func (r Stall) Text() string {
	lines := []string{r.heading() + r.Sentence()}
	add := func(parts ...string) {
		var full []string
		for _, p := range parts {
			if p != "" {
				full = append(full, p)
			}
		}
		if len(full) > 0 {
			lines = append(lines, "  "+strings.Join(full, ", "))
		}
	}
	if r.Blame != "" && !r.says() {
		blame := r.Blame
		if _, rest, ok := strings.Cut(blame, spentHere); ok { // the sentence has the share
			blame = rest
		}
		add("why: " + blame)
	}
	created := ""
	if r.Created != "" {
		created = "created at " + r.Created
		if r.callback() {
			created = "registered at " + r.Created
		}
	}
	add(created, plural(r.Ready, "task or callback is ready", "tasks and callbacks are ready"), plural(r.Late, "timer is late", "timers are late"))
	count := ""
	if r.Count > 1 {
		count = fmt.Sprintf("%d times here, %s in all", r.Count, readable(r.Total))
	}
	add(count, plural(r.Silent, "other stall was not reported", "other stalls were not reported"))
	if r.Trace != "" {
		add("trace: go tool trace " + r.Trace)
	}
	return strings.Join(lines, "\n")
}

// heading returns the ID and the class of the stall, which precede the sentence.
func (r Stall) heading() string {
	if r.ID == 0 {
		return fmt.Sprintf("stall (%s): ", r.Class)
	}
	return fmt.Sprintf("stall %d (%s): ", r.ID, r.Class)
}

// says reports whether the statement contains the blame.
func (r Stall) says() bool {
	switch r.Class {
	case stall.Unknown, stall.GC, stall.StarvedGo, stall.StarvedOS, stall.Suspended, stall.ManySteps, stall.LateTimer:
		return true
	}
	return false
}

// spentHere separates the share of a place, at the beginning of a blame, from the rest.
const spentHere = " were spent here: "

// heldUp begins the blame of a turn of many steps for which the program is not to blame.
const heldUp = "a turn of many steps was held up: "

// asleep reports whether the process stood still while no step ran.
func (r Stall) asleep() bool {
	return r.Name == "" && (r.Class == stall.Suspended || r.Class == stall.StarvedOS) &&
		!strings.HasPrefix(r.Blame, "the loop woke ") && !strings.HasPrefix(r.Blame, heldUp) && r.Blame != ""
}

func (r Stall) statement() string {
	lasted := readable(r.Elapsed)
	blame := ""
	if r.says() && r.Blame != "" {
		blame = r.Blame
		blame = ": " + strings.TrimPrefix(strings.TrimPrefix(blame, "a turn of many steps: "), heldUp)
	}
	switch {
	case r.asleep():
		return r.Blame
	case strings.HasPrefix(r.Blame, "the loop woke "):
		return r.Blame
	case r.Class == stall.ManySteps, strings.HasPrefix(r.Blame, heldUp):
		return "one turn " + r.tense("has run", "ran") + " for " + lasted + r.where("") + blame
	case r.Class == stall.LateTimer:
		return "the loop woke " + lasted + " late" + blame
	case r.Class == stall.Spinner:
		return r.subject() + " has yielded for " + lasted + " without waiting" + r.where("")
	case r.Class != stall.Unknown && r.says():
		return "a step of " + r.subject() + " " + r.tense("has lasted ", "lasted ") + lasted + r.where("") + blame
	}
	doing := ""
	if r.Class == stall.CPU {
		doing = "computing"
	}
	return r.subject() + " " + r.tense("has blocked", "blocked") + " the loop for " + lasted + r.where(doing) + blame
}

// where returns the place of the stall, and what the task does there. If the stall was at several
// places, where includes the time at this one.
func (r Stall) where(doing string) string {
	text := ""
	switch {
	case r.AtPlace > 0:
		text = strings.TrimRight(", "+readable(r.AtPlace)+" of that "+doing, " ")
	case doing != "":
		text = ", " + doing
	}
	if r.Finding.File != "" {
		text += " at " + shortFile(r.Finding.File) + ":" + strconv.Itoa(r.Finding.Line)
	}
	if r.Finding.Call != "" {
		text += " in " + r.Finding.Call
	}
	if r.Finding.Inside != "" {
		text += " (inside " + r.Finding.Inside + ")"
	}
	return text
}

func (r Stall) tense(lasts, ended string) string {
	if r.Ended {
		return ended
	}
	return lasts
}

// subject returns the name of the task or the callback.
func (r Stall) subject() string {
	switch {
	case r.Name == "":
		return "a step"
	case r.Task == nil && r.Name == "callback":
		return "a callback"
	case r.callback():
		return r.Name
	}
	return "task " + quote(r.Name)
}

func (r Stall) callback() bool { return r.Task == nil && strings.HasPrefix(r.Name, "callback") }

// shortFile returns the file name with the last folder.
func shortFile(file string) string {
	file = filepath.ToSlash(file)
	dir, name := path.Split(file)
	return path.Join(path.Base(dir), name)
}

// readable formats a duration with two or three digits: 104 ms, 1.48 s, 3 min 20 s.
func readable(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// asSentence returns text with a full stop, and with a capital letter unless it begins with a name.
func asSentence(text string) string {
	first, _, _ := strings.Cut(text, " ")
	if r, n := utf8.DecodeRuneInString(text); !strings.ContainsAny(first, ".(/") {
		text = string(unicode.ToUpper(r)) + text[n:]
	}
	return text + "."
}

// plural returns n with one or more, whichever fits. It returns "" if n is 0.
func plural(n int, one, more string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + more
}
